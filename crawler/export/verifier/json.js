// JSON of strangers, and its canonical form (RFC 8785).

const JSON_DEPTH = 200; // a leaf of ours nests 4 deep; this bounds what a hostile one can do to the stack

function parseJson(text, what) {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if ((character === "[" || character === "{") && ++depth > JSON_DEPTH) {
      throw new Fault("JSON 嵌套过深", `${what} is nested too deeply`);
    } else if (character === "]" || character === "}") depth--;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("不是有效的 JSON", `${what} is not JSON`);
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(bytes, what) {
  const content = parseJson(decodeText(bytes, what), what);
  if (!isObject(content)) throw new Fault("不是 JSON 对象", `${what} is not a JSON object`);
  return content;
}

/** RFC 8785: ECMAScript's own numbers and strings, members sorted by UTF-16 code units, no blanks. */
function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isObject(value)) {
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${canonicalJson(name)}:${canonicalJson(value[name])}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Cs}/u.test(value)) {
    throw new Fault("含有不成对的代理码元", "no canonical JSON form: lone surrogate"); // RFC 8785 section 3.2.2.2
  }
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Fault("整数过大", "no canonical JSON form: integer beyond 2^53"); // I-JSON, RFC 7493 section 2.2
  }
  return JSON.stringify(value);
}
