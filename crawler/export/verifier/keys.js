// The log's keys over the years (crawler/evidence/key_history.py): statements and both signatures of each
// change, and that each checkpoint is signed by the key in force for its size.

const KEY_ACTS = ["archive-created", "key-rotated", "key-replaced"];
const STATEMENT_HEADERS = {
  "key-rotated": "web-evidence key rotation v1",
  "key-replaced": "web-evidence key replacement v1",
};
const EVENT_FIELDS = {
  "key-rotated": ["from", "from_signature", "statement", "to", "to_signature"],
  "key-replaced": ["from", "reason", "statement", "to", "to_signature"],
};

/** The check, and the keys for the report. `given`: the keys that the user brings. */
async function checkKeys(leaves, keys, notes, given) {
  const faults = new Faults("keys");
  const terms = keys.length ? await readTerms(leaves, faults) : [];
  if (!keys.length) faults.add(`${LOG}/log.vkey`, "无法读取", "cannot be read");
  if (terms.length && !faults.count) {
    compareKeyList(terms, keys, faults);
    checkSigners(terms, notes, faults);
  }
  const known = (key) => keys.some(({ line }) => line === key.line);
  if (!given.some(known)) {
    for (const key of given)
      faults.add(
        `${LOG}/log.vkey`,
        `没有您所给的公钥 ${key.name}+${key.id}`,
        `does not hold the key that you gave, ${key.name}+${key.id}`,
      );
  }
  const newest = keys.at(-1);
  const rotated = terms.filter((term) => term.act === "key-rotated").length;
  const lost = terms.filter((term) => term.act === "key-replaced");
  const breaks = [
    lost.map((term) => `；序号 ${term.index} 处原密钥遗失后更换（${printable(term.reason)}）`).join(""),
    lost
      .map((term) => `; a break at entry ${term.index}: a lost key was replaced (${printable(term.reason)})`)
      .join(""),
  ];
  const story = words(
    `${terms.length} 个密钥，由新旧密钥共同签名轮换 ${rotated} 次；现用 ${newest?.id}${breaks[0]}`,
    `${terms.length} key(s), ${rotated} handed over under both signatures; in force now: ${newest?.id}${breaks[1]}`,
  );
  const retired = given.length > 0 && !known(given.at(-1));
  if (!faults.count && retired)
    return notChecked(
      "keys",
      words(
        `证据包只到密钥 ${newest?.id} 为止，而您提供的公钥中还有更新的 ${given.at(-1).id}：证据包可能成于更换之前，也可能由持有旧密钥的人在更换之后制作`,
        `the bundle ends with key ${newest?.id}, and you gave a newer one, ${given.at(-1).id}: it may be from before that change, or made after it by whoever holds the old key`,
      ),
    );
  if (!faults.count && isBeforeBreak(terms, given))
    return notChecked(
      "keys",
      words(`您所给的公钥早于密钥遗失更换；${story.zh}`, `the key you gave is older than a break; ${story.en}`),
    );
  return faults.check(story);
}

async function readTerms(leaves, faults) {
  const terms = [];
  for (const [index, { leaf }] of leaves) {
    if (!leaf.event || !KEY_ACTS.includes(leaf.event.act)) continue;
    try {
      terms.push(terms.length ? await nextTerm(index, leaf.event, terms) : firstTerm(index, leaf.event));
    } catch (error) {
      faults.addError(`${LOG}/leaves/${index}.json, ${leaf.event.act}`, error);
      return terms;
    }
  }
  if (!terms.length)
    faults.add(
      `${LOG}/leaves`,
      "没有 archive-created 事件指明第一个密钥",
      "no archive-created event names the first key",
    );
  return terms;
}

function firstTerm(index, event) {
  if (event.act !== "archive-created" || index !== 0)
    throw new Fault("日志不以 archive-created 开始", "the log does not begin with archive-created");
  if (!isText(event.details?.vkey)) throw new Fault("未指明公钥", "archive-created names no vkey");
  return { index, act: event.act, key: parseVkey(event.details.vkey), reason: "" };
}

async function nextTerm(index, event, terms) {
  const { act, details } = event;
  const fields = EVENT_FIELDS[act];
  // The newest checkpoint before the change: judged in the archive, where all checkpoints are.
  const names = Object.keys(details ?? {}).filter((name) => name !== "checkpoint");
  if (!fields || names.sort().join() !== fields.join() || !names.every((name) => isText(details[name]))) {
    throw new Fault("字段不齐或多余", `expected the texts ${fields} in its details`);
  }
  const [old, key] = [parseVkey(details.from), parseVkey(details.to)];
  if (old.line !== terms.at(-1).key.line)
    throw new Fault(
      "移交的不是当时有效的密钥",
      `hands over from key ${old.id}, but in force is ${terms.at(-1).key.id}`,
    );
  if (old.name !== key.name || terms.some((term) => sameBytes(term.key.key, key.key)))
    throw new Fault("新密钥不是新的，或名称不同", "not a change to a new key of the same log");
  await checkStatement(act, details, old, key);
  return { index, act, key, reason: details.reason ?? "" };
}

async function checkStatement(act, details, old, key) {
  const time = details.statement.split("\n")[4] ?? "";
  const lines = [
    STATEMENT_HEADERS[act],
    old.name,
    old.line,
    key.line,
    time,
    ...(act === "key-replaced" ? [details.reason] : []),
  ];
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(time);
  if (!isTime || lines.some((line) => line.includes("\n")) || details.statement !== `${lines.join("\n")}\n`) {
    throw new Fault("声明与事件内容不符", "its statement does not say what the event says, line for line");
  }
  const signed = encodeText(details.statement);
  const pairs = [[key, details.to_signature], ...(act === "key-rotated" ? [[old, details.from_signature]] : [])];
  for (const [signer, signature] of pairs) {
    if (!(await verifyEd25519(signer.key, fromBase64(signature, "signature"), signed)))
      throw new Fault(`密钥 ${signer.id} 的签名不正确`, `the signature of ${signer.id} is wrong`);
  }
}

function compareKeyList(terms, keys, faults) {
  const [logged, listed] = [terms.map((term) => term.key.line), keys.map((key) => key.line)];
  if (logged.join("\n") !== listed.join("\n"))
    faults.add(
      `${LOG}/log.vkey`,
      "所列密钥与日志所载不同",
      "does not list the keys that the log put in force, in order",
    );
}

/** In force for size s: the key of the last event with a leaf index below s; for the empty log the first. */
function checkSigners(terms, notes, faults) {
  for (const note of notes.values()) {
    const wanted = (terms.findLast((term) => term.index < note.size) ?? terms[0]).key;
    if (!note.signers.some(({ verifier }) => verifier.line === wanted.line)) {
      faults.add(
        `${LOG}/checkpoints/${note.size}`,
        `不是由当时有效的密钥 ${wanted.id} 签名`,
        `is signed by another key than the one in force for it, ${wanted.id}`,
      );
    }
  }
}

function isBeforeBreak(terms, given) {
  const position = Math.max(...given.map((key) => terms.findIndex((term) => term.key.line === key.line)), -1);
  return position >= 0 && terms.slice(position + 1).some((term) => term.act === "key-replaced");
}

function keyFacts(keys) {
  return keys.map((key, at) => ({
    role: key.type === COSIGNATURE_TYPE ? "witness" : "log",
    name: printable(key.name),
    key_id: key.id,
    fingerprint: fingerprintOf(key),
    remark: key.type === COSIGNATURE_TYPE ? "" : at === keys.length - 1 ? "newest" : "earlier",
  }));
}
