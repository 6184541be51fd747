// DER (X.690): just what timestamp tokens and certificates need. Strict: definite, shortest lengths.
// BER that is not DER may be genuine (some authorities send it): that is "not checked", never "failed".

const DER = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, sequence: 0x30, set: 0x31, time: 0x18, utc: 0x17 };
const derFault = (en) => new Fault("不是可读的 DER 结构", `malformed DER: ${en}`);

/** One element: `tag` byte, `body`, and `whole` (with its header); `next` is where the next begins. */
function readDer(bytes, at = 0) {
  if (at + 2 > bytes.length) throw derFault("cut");
  const tag = bytes[at];
  if ((tag & 0x1f) === 0x1f) throw derFault("a high tag number");
  let [length, start] = [bytes[at + 1], at + 2];
  if (length === 0x80)
    throw new Unjudged("BER 不定长编码，本页不能判断", "BER with indefinite length: this page reads DER only");
  if (length > 0x80) {
    const count = length & 0x7f;
    if (count > 4 || start + count > bytes.length) throw derFault("an impossible length");
    length = bytes.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0);
    start += count;
  }
  if (start + length > bytes.length) throw derFault("an element reaches beyond its parent");
  return {
    tag,
    body: bytes.subarray(start, start + length),
    whole: bytes.subarray(at, start + length),
    next: start + length,
  };
}

/** The whole of `bytes` as one element. */
function readDerAll(bytes) {
  const element = readDer(bytes);
  if (element.next !== bytes.length) throw derFault("bytes behind the end");
  return element;
}

function derChildren(element) {
  const children = [];
  for (let at = 0; at < element.body.length;) {
    const child = readDer(element.body, at);
    children.push(child);
    at = child.next;
    if (children.length > 10_000) throw derFault("too many elements");
  }
  return children;
}

function expectDer(element, tag, what) {
  if (element === undefined || element.tag !== tag) throw derFault(`${what} is not there`);
  return element;
}

const sequenceOf = (element, what) => derChildren(expectDer(element, DER.sequence, what));

/** Dotted form, X.690 section 8.19. */
function oidOf(element, what) {
  const { body } = expectDer(element, DER.oid, what);
  if (!body.length || body.length > 64 || body[body.length - 1] & 0x80) throw derFault(`${what}: an object identifier`);
  const parts = [];
  let number = 0n;
  for (const byte of body) {
    number = (number << 7n) | BigInt(byte & 0x7f);
    if (byte & 0x80) continue;
    parts.push(number);
    number = 0n;
  }
  const first = parts[0] < 80n ? parts[0] / 40n : 2n;
  return [first, parts[0] - first * 40n, ...parts.slice(1)].join(".");
}

/** A two's complement INTEGER as BigInt. */
function integerOf(element, what) {
  const { body } = expectDer(element, DER.integer, what);
  if (!body.length || body.length > 600) throw derFault(`${what}: an integer`);
  const number = BigInt(`0x${toHex(body)}`);
  return body[0] & 0x80 ? number - (1n << BigInt(8 * body.length)) : number;
}

/** GeneralizedTime or UTCTime in UTC, as milliseconds since 1970; RFC 3161 section 2.4.2, RFC 5280 section 4.1.2.5. */
function timeOf(element, what) {
  let text = latin1(element.body);
  if (element.tag === DER.utc) text = `${text < "50" ? "20" : "19"}${text}`;
  else expectDer(element, DER.time, what);
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?Z$/.exec(text);
  if (!match) throw derFault(`${what} is no time: ${text.slice(0, 40)}`);
  const [, year, month, day, hour, minute, second, fraction] = match;
  const time = Date.UTC(year, month - 1, day, hour, minute, second) + Math.floor(Number(`0.${fraction ?? 0}`) * 1000);
  if (new Date(time).getUTCDate() !== Number(day)) throw derFault(`${what} is no time`);
  return time;
}

const NAME_PARTS = {
  "2.5.4.3": "CN",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
};

/** A distinguished name for people: the parts that have a short name. */
function nameOf(element) {
  const parts = [];
  for (const group of derChildren(element)) {
    for (const pair of derChildren(group)) {
      const [type, value] = derChildren(pair);
      const short = NAME_PARTS[oidOf(type, "name")];
      if (!short || value === undefined) continue;
      const decoder = new TextDecoder(value.tag === 0x1e ? "utf-16be" : "utf-8");
      parts.push(`${short}=${printable(decoder.decode(value.body))}`);
    }
  }
  return parts.join(", ");
}

/** Every certificate of a PEM text as DER; RFC 7468. */
function certificatesInPem(bytes) {
  const blocks = latin1(bytes).matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g);
  return [...blocks].slice(0, 50).map((block) => fromBase64(block[1].replace(/\s/g, ""), "certificate"));
}
