// Signed notes, checkpoints, cosignatures and tlog-proofs: c2sp.org/signed-note, tlog-checkpoint,
// tlog-cosignature (cosignature/v1), tlog-proof@v1, tlog-witness (add-checkpoint).

const ED25519_TYPE = 1;
const COSIGNATURE_TYPE = 4;
const SIGNATURE_PREFIX = "\u2014 ";
const MAX_SIGNATURES = 100;
const MAX_NOTE = 1_000_000; // bytes
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** A plain decimal number that is a safe integer, or null. */
function decimal(text) {
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}

function requireName(name) {
  if (!name || /[+\s\u0000-\u001f]/u.test(name))
    throw new Fault("密钥名称不合规则", `not a key name: ${JSON.stringify(name)}`);
}

/** The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), as 8 hex digits. */
const keyId = (name, type, key) =>
  toHex(sha256(concat(encodeText(`${name}\n`), Uint8Array.of(type), key)).subarray(0, 4));

/** A line name+<key id>+<base64(type ‖ 32-byte key)>; `type` is what is expected. */
function parseVkey(line, type = ED25519_TYPE) {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(line);
  if (!parts) throw new Fault("公钥行格式有误", `not a verifier key line: ${line.slice(0, 120)}`);
  const [, name, id, encoded] = parts;
  requireName(name);
  const bytes = fromBase64(encoded, "vkey");
  if (bytes.length !== 33 || bytes[0] !== type)
    throw new Fault("不是所要求的 Ed25519 公钥", `vkey of ${name} is not an Ed25519 key of type ${type}`);
  const key = bytes.subarray(1);
  const computed = keyId(name, type, key);
  if (id !== computed)
    throw new Fault("密钥编号与公钥不符", `vkey of ${name}: key ID is ${computed}, the line says ${id}`);
  return { name, id: computed, type, key, line };
}

/** Whether a line is the key of a witness: in base64, what begins with the byte 4 begins with BA to BP. */
const isWitnessVkey = (line) => /^[^+]*\+[^+]*\+B[A-P]/.test(line);

/** Every line of log.vkey, the oldest key first. */
function parseVkeys(text, type = ED25519_TYPE) {
  const lines = text.split("\n").filter((line) => line !== "");
  if (!lines.length || lines.length > 1000)
    throw new Fault("没有公钥，或者过多", `expected a vkey line for each key, found ${lines.length}`);
  return lines.map((line) => parseVkey(line, type));
}

/** SubjectPublicKeyInfo of an Ed25519 key, RFC 8410 section 4. */
const spkiOf = (key) => concat(fromHex("302a300506032b6570032100"), key);
const fingerprintOf = (verifier) => sha256Label(spkiOf(verifier.key));
const pemOf = (verifier) =>
  encodeText(`-----BEGIN PUBLIC KEY-----\n${toBase64(spkiOf(verifier.key))}\n-----END PUBLIC KEY-----\n`);

/** Text (with its last newline) and signature lines; the last blank line separates them. */
function splitNote(note) {
  if (note.length > MAX_NOTE) throw new Fault("签名文本过长", `note: more than ${MAX_NOTE} bytes`);
  const decoded = decodeText(note, "note");
  if (/[\u0000-\u0009\u000b-\u001f]/.test(decoded)) throw new Fault("签名文本含控制字符", "note: control character");
  const blank = decoded.lastIndexOf("\n\n");
  const tail = decoded.slice(blank + 2);
  if (blank < 0 || !tail.endsWith("\n"))
    throw new Fault("缺少签名行", "note: no blank line followed by whole signature lines");
  return [decoded.slice(0, blank + 1), tail];
}

function parseSignatureLines(tail) {
  const lines = tail.slice(0, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw new Fault("签名过多", `note: ${lines.length} signatures`);
  return lines.map((line) => {
    const [name, encoded] = line.startsWith(SIGNATURE_PREFIX) ? splitOnce(line.slice(2), " ") : ["", ""];
    if (!name) throw new Fault("不是签名行", `note: not a signature line: ${line.slice(0, 120)}`);
    requireName(name);
    const bytes = fromBase64(encoded, `signature of ${name}`);
    if (bytes.length < 5) throw new Fault("签名过短", `note: signature of ${name} is too short`);
    return { name, id: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
  });
}

const splitOnce = (text, separator) => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
};

/**
 * The checkpoint in a note, signed by a key of its origin. Signatures of unknown keys are ignored; a known
 * key's signature that fails rejects the note (signed-note, "Verifying").
 */
async function openCheckpoint(note, verifiers) {
  const [text, tail] = splitNote(note);
  const signers = [];
  for (const { name, id, signature } of parseSignatureLines(tail)) {
    const verifier = verifiers.find((known) => known.name === name && known.id === id);
    if (!verifier) continue;
    if (!(await verifyEd25519(verifier.key, signature, encodeText(text)))) {
      throw new Fault("签名不正确：文本或签名被改动", `the signature of ${name} is wrong; text or signature changed`);
    }
    signers.push({ verifier, signature });
  }
  if (!signers.length) throw new Fault("没有已知密钥的签名", "no signature of a known key");
  const checkpoint = parseCheckpoint(text);
  const own = signers.filter(({ verifier }) => verifier.name === checkpoint.origin);
  if (!own.length)
    throw new Fault("缺少日志自身的签名", `checkpoint of ${checkpoint.origin}: the log's own signature is missing`);
  if (own.length > 1)
    throw new Fault("检查点由日志的多个密钥签名", `checkpoint is signed by ${own.length} keys of ${checkpoint.origin}`);
  return { ...checkpoint, text, content: note, signers: own };
}

function parseCheckpoint(text) {
  const lines = text.slice(0, -1).split("\n");
  const size = decimal(lines[1] ?? "");
  if (lines.length < 3 || lines.includes("") || size === null) {
    throw new Fault("检查点格式有误", "checkpoint: expected origin, size and root on three lines");
  }
  const root = fromBase64(lines[2], "root");
  if (root.length !== 32) throw new Fault("检查点的根不是 32 字节", `checkpoint: root has ${root.length} bytes`);
  return { origin: lines[0], size, root };
}

/** cosignature/v1: 8 bytes of seconds since 1970, then 64 bytes of Ed25519. The time, or a Fault. */
async function openCosignature(line, verifier, text) {
  const [{ name, id, signature }] = parseSignatureLines(`${line}\n`);
  if (name !== verifier.name || id !== verifier.id)
    throw new Fault("见证签名与见证公钥不符", `cosignature of ${name}+${id}, not of ${verifier.name}+${verifier.id}`);
  if (signature.length !== 72)
    throw new Fault("见证签名长度有误", `cosignature of ${name} has ${signature.length} bytes`);
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  const message = encodeText(`cosignature/v1\ntime ${seconds}\n${text}`);
  if (!(await verifyEd25519(verifier.key, signature.subarray(8), message))) {
    throw new Fault("见证签名不正确", `the cosignature of ${name} is wrong`);
  }
  return Number(seconds);
}

/** A tlog-proof: index, path, and the checkpoint note as it stands. Nothing is verified here. */
function parseTlogProof(content) {
  const [lines, note] = splitHead(content, "tlog-proof");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Fault("不是 tlog-proof", "not a tlog-proof");
  if (lines[0]?.startsWith("extra ")) fromBase64(lines.shift().slice(6), "extra line");
  const index = decimal(/^index (.*)$/.exec(lines.shift() ?? "")?.[1] ?? "");
  if (index === null) throw new Fault("缺少序号", "tlog-proof: expected a line 'index N'");
  return { index, path: lines.map(parsePathDigest), note };
}

/** The body of an add-checkpoint request: old size, consistency path, blank line, checkpoint. */
function parseAddCheckpoint(content) {
  const [lines, note] = splitHead(content, "consistency proof");
  const oldSize = decimal(/^old (.*)$/.exec(lines.shift() ?? "")?.[1] ?? "");
  if (oldSize === null) throw new Fault("缺少旧检查点长度", "consistency proof: expected a line 'old N'");
  return { oldSize, path: lines.map(parsePathDigest), note };
}

function splitHead(content, what) {
  const end = indexOfBytes(content, [10, 10]);
  const lines = end < 0 ? [] : decodeText(content.subarray(0, end), what).split("\n");
  if (end < 0 || end + 2 === content.length || lines.length > 100) {
    throw new Fault("格式有误", `${what}: no blank line followed by a checkpoint, or too many lines`);
  }
  return [lines, content.subarray(end + 2)];
}

function parsePathDigest(line) {
  const digest = fromBase64(line, "path");
  if (digest.length !== 32) throw new Fault("路径摘要不是 32 字节", `path digest has ${digest.length} bytes`);
  return digest;
}
