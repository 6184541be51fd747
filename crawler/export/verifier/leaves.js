// Leaves of the log, read strictly: canonical JSON (RFC 8785), every field of the type it claims.
// The form is that of crawler/evidence/manifest.py; the field names come from there (FACTS, set by assemble.py).

const MAX_LEAF = 65_535; // bytes: a uint16 length, c2sp.org/tlog-tiles
const isText = (value) => typeof value === "string";
const isInteger = (value) => Number.isSafeInteger(value);
const isTextList = (value) => Array.isArray(value) && value.every(isText);
const isNothing = (value) => value === undefined || value === null;
const orNothing = (test) => (value) => isNothing(value) || test(value);
const isDigestOf = (algorithm) => (value) => isText(value) && new RegExp(`^${algorithm}:[0-9a-f]{64}$`).test(value);
const isSha256 = isDigestOf("sha256");

const SEAL_TYPES = {
  size: isInteger,
  checkpoint: isSha256,
  tokens: (list) => isTextList(list) && list.every(isSha256),
};
const RECORD_TYPES = {
  type: isText,
  id: isText,
  locator: isLocator,
  sha256: isSha256,
  sm3: isDigestOf("sm3"),
  block_digest: isSha256,
  payload_digest: orNothing(isSha256),
  payload_length: orNothing(isInteger),
};
const isTexts = (value) => isObject(value) && Object.values(value).every(isText);
const isSeal = (value) => isObject(value) && fits(value, SEAL_TYPES);
const isRecord = (value) => isObject(value) && fits(value, RECORD_TYPES);
const CAPTURE_TYPES = {
  ...Object.fromEntries(["id", "run", "site", "url", "method", "started", "ended"].map((name) => [name, isText])),
  state: (value) => FACTS.states.includes(value),
  fidelity: (value) => FACTS.fidelities.includes(value),
  ...Object.fromEntries(
    ["reason", "media_type", "request_key", "follows", "page", "original"].map((name) => [name, orNothing(isText)]),
  ),
  status: orNothing(isInteger),
  network: (value) => value === undefined || isObject(value),
  read_with: orNothing(isObject),
  imported: orNothing(isObject),
  look: orNothing(isLook),
  withheld: (value) => isNothing(value) || value === true,
  records: (list) => Array.isArray(list) && list.every(isRecord),
  after: orNothing(isSeal),
  redacted: orNothing((value) => isObject(value) && fits(value, REDACTED_TYPES)),
};
const REDACTED_TYPES = {
  ...Object.fromEntries(["grade", "case", "basis", "started", "ended"].map((name) => [name, isText])),
  rules: isInteger,
  entry: (value) => isInteger(value) && value >= 0,
  leaf: isSha256,
};
const EVENT_TYPES = {
  act: isText,
  time: isText,
  by: isText,
  details: (value) => value === undefined || isObject(value),
  after: orNothing(isSeal),
};

/** What was made of a page (name → record id), and what could not be made (name → reason). */
function isLook(value) {
  return isObject(value) && isTexts(value.artefacts) && isTexts(value.missing) && orNothing(isText)(value.plain);
}

function isLocator(value) {
  return (
    isObject(value) &&
    fits(value, { file: isText, offset: isInteger, length: isInteger }) &&
    /^warc\/[0-9]{5,9}\.warc\.gz$/.test(value.file) &&
    value.offset >= 0 &&
    value.length > 0
  );
}

/** Whether an object has no field beyond `types`, and each of them is what it has to be. */
function fits(object, types) {
  return (
    Object.keys(object).every((name) => Object.hasOwn(types, name)) &&
    Object.entries(types).every(([name, test]) => test(object[name]))
  );
}

/** A leaf: `capture` or `event` (the other is null), `records`, `after`, and `what` for people. */
function readLeaf(bytes) {
  if (bytes.length > MAX_LEAF) throw new Fault("超过 64 KiB", "leaf has more than 65,535 bytes");
  const content = parseObject(bytes, "leaf");
  if (!sameBytes(encodeText(canonicalJson(content)), bytes))
    throw new Fault("不是规范 JSON（RFC 8785）", "leaf is not canonical JSON (RFC 8785)");
  const { version, kind, ...fields } = content;
  if (version !== 1 || !["capture", "event"].includes(kind))
    throw new Fault("种类或版本未知", "unknown leaf: version or kind");
  const types = kind === "capture" ? CAPTURE_TYPES : EVENT_TYPES;
  const known = kind === "capture" ? FACTS.captureFields : FACTS.eventFields;
  const wrong =
    Object.entries(types).find(([name, test]) => !test(fields[name]))?.[0] ??
    Object.keys(fields).find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new Fault(`字段 ${wrong} 有误`, `${kind} has a missing, unknown or ill-typed field: ${wrong}`);
  return kind === "capture" ? captureLeaf(fields) : eventLeaf(fields);
}

function captureLeaf(capture) {
  const ids = new Set(capture.records.map(({ id }) => id));
  const lacking = Object.values(capture.look?.artefacts ?? {}).find((id) => !ids.has(id));
  if (lacking !== undefined)
    throw new Fault(
      `所列的页面件 ${lacking} 不是该采集的记录`,
      `field look.artefacts names ${lacking}, which is no record of this capture`,
    );
  if (!isNothing(capture.redacted) && isNothing(capture.original))
    throw new Fault("脱敏副本未指明其原件", "field redacted is there, but names no original");
  return {
    capture,
    event: null,
    records: capture.records,
    after: capture.after ?? null,
    what: `capture ${capture.id}`,
  };
}

function eventLeaf(event) {
  const opened = event.act === "warc-opened";
  if (opened && !isRecord(event.details?.record))
    throw new Fault("字段 record 有误", "event warc-opened: ill-typed record");
  return {
    capture: null,
    event,
    records: opened ? [event.details.record] : [],
    after: event.after ?? null,
    what: `event ${event.act}`,
  };
}

/** A sealed original holds secrets of a person's browser: no bundle may carry it. */
function checkHandedOver(leaf) {
  if (leaf.capture?.withheld)
    throw new Fault(
      "是封存的原件，不得交出：应是有人手工放入",
      "is a sealed original, which is never handed over: whoever exported it did so by hand",
    );
}

/** The seal that a leaf commits to exists and came before it. `seals`: size → {note, tokens}. */
function checkAfter(leaf, index, seals) {
  if (leaf.after === null) return;
  const { size, checkpoint, tokens } = leaf.after;
  const seal = seals.get(size);
  if (size > index)
    throw new Fault("所承接的检查点当时尚不存在", `commits to checkpoint ${size}, which did not exist yet`);
  if (!seal || seal.note !== checkpoint)
    throw new Fault(
      "所承接的检查点不在包内，或者不是同一个",
      `commits to a checkpoint of size ${size} that is not there or is another one`,
    );
  if (!tokens.length || !tokens.every((token) => seal.tokens.has(token))) {
    throw new Fault("所承接的时间戳不在包内", `commits to timestamp tokens of checkpoint ${size} that are not there`);
  }
}
