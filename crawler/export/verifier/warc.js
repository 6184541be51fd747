// One WARC/1.1 record (ISO 28500) against what its leaf says: stored bytes, head, block, payload.

const RECORD_LIMIT = 256 << 20; // bytes of one inflated record that a stranger's bundle may make us hold
const WHOLE = 16 << 20; // bytes of a stored record that are digested in memory by WebCrypto
const REPEATABLE = ["WARC-Concurrent-To", "WARC-Protocol"];
const MANDATORY = ["WARC-Record-ID", "WARC-Type", "WARC-Date", "Content-Length"];
const READ_FIELDS = [...MANDATORY, "Content-Type", "WARC-Target-URI", "WARC-Block-Digest", "WARC-Payload-Digest"];
const CRLF = Uint8Array.of(13, 10);
const CRLF2 = Uint8Array.of(13, 10, 13, 10);

/** Check a stored record (a Blob) in full; what it says of itself. The stored bytes come first: nothing that the log does not know is inflated. */
async function checkRecord(stored, expected, leaf) {
  await checkStored(stored, expected);
  const content = await collect(inflatedPieces(stored, "gzip", RECORD_LIMIT + 65_536), Infinity, "record");
  const record = await parseRecord(content);
  if (record.type !== expected.type || record.id !== expected.id)
    throw new Fault(
      "记录的种类或编号与日志不符",
      `is ${record.type} ${record.id}, the log says ${expected.type} ${expected.id}`,
    );
  if (record.fields.get("WARC-Block-Digest") !== expected.block_digest)
    throw new Fault("内容块摘要与日志不符", "block digest is not the one in the log");
  await checkPayload(record, expected);
  if (leaf.capture) checkHead(record, leaf.capture);
  return { type: record.type, date: record.date, uri: record.fields.get("WARC-Target-URI") };
}

async function checkStored(stored, expected) {
  if (stored.size !== expected.locator.length)
    throw new Fault(
      "记录不完整",
      `the file ends ${expected.locator.length - stored.size} bytes before the record does`,
    );
  const sm3 = new Sm3();
  let digest;
  if (stored.size <= WHOLE) {
    const bytes = new Uint8Array(await stored.arrayBuffer());
    digest = await sha256Fast(bytes);
    sm3.update(bytes);
  } else {
    const own = new Sha256();
    for await (const piece of piecesOf(stored)) {
      own.update(piece);
      sm3.update(piece);
    }
    digest = `sha256:${toHex(own.digest())}`;
  }
  if (digest !== expected.sha256)
    throw new Fault(
      "所存字节与日志所载 SHA-256 不符：记录已被改动",
      `stored bytes have ${digest}, the log says ${expected.sha256}`,
    );
  if (`sm3:${toHex(sm3.digest())}` !== expected.sm3)
    throw new Fault("所存字节与日志所载 SM3 不符", "stored bytes do not have the SM3 in the log");
}

const sha256Fast = async (bytes) => `sha256:${toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;

/** From the version line to the two closing CRLF; the block digest is recomputed. */
async function parseRecord(content) {
  const end = indexOfBytes(content, CRLF2);
  const lines = end < 0 ? [] : decodeText(content.subarray(0, end), "WARC head").split("\r\n");
  if (lines.shift() !== "WARC/1.1") throw new Fault("不是 WARC/1.1 记录", "not a WARC/1.1 record");
  const fields = namedFields(lines);
  const missing = MANDATORY.filter((name) => !fields.has(name));
  if (missing.length) throw new Fault("WARC 记录缺少必备字段", `WARC record lacks ${missing.join(", ")}`);
  const length = decimal(fields.get("Content-Length"));
  const start = end + 4;
  if (length === null || content.length !== start + length + 4 || !sameBytes(content.subarray(start + length), CRLF2)) {
    throw new Fault("WARC 记录长度有误", "Content-Length and two CRLF do not fit the record");
  }
  const block = content.subarray(start, start + length);
  if (fields.get("WARC-Block-Digest") !== (await sha256Fast(block)))
    throw new Fault("内容块与其摘要不符", "block does not match its WARC-Block-Digest");
  return {
    type: fields.get("WARC-Type"),
    id: fields.get("WARC-Record-ID"),
    date: fields.get("WARC-Date"),
    fields,
    block,
  };
}

/** Names mean the same in any case (ISO 28500 section 4): a second spelling would mean other things to other readers. */
function namedFields(lines) {
  const fields = new Map();
  const spelled = new Map(READ_FIELDS.map((name) => [name.toLowerCase(), name]));
  for (const line of lines) {
    const [name, value] = line.includes(": ") ? splitOnce(line, ": ") : [null, ""];
    if (name === null || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw new Fault("WARC 字段没有冒号或名称有误", `WARC field without a colon, or no name: ${line.slice(0, 80)}`);
    const known = spelled.get(name.toLowerCase()) ?? name;
    spelled.set(name.toLowerCase(), known);
    if (known !== name || (fields.has(name) && !REPEATABLE.includes(name)))
      throw new Fault("WARC 字段重复", `WARC field ${name} occurs more than once, or in another spelling`);
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

async function checkPayload(record, expected) {
  const declared = record.fields.get("WARC-Payload-Digest");
  const logged = expected.payload_digest ?? null;
  if (declared !== undefined && declared !== logged)
    throw new Fault("载荷摘要与日志不符", `declares payload ${declared}, the log says ${logged}`);
  if (logged === null) return;
  const payload = payloadOf(record);
  if (payload === null)
    throw new Fault("该种记录没有载荷", `a ${record.type} record has no payload, the log says ${logged}`);
  if ((await sha256Fast(payload)) !== logged || payload.length !== expected.payload_length) {
    throw new Fault("载荷与日志所载摘要不符", "payload does not have the digest and length in the log");
  }
}

function checkHead(record, capture) {
  if (record.date !== capture.started)
    throw new Fault("记录时间不是采集开始时间", `WARC-Date ${record.date} is not the start of the capture`);
  const uri = record.fields.get("WARC-Target-URI");
  if (["request", "response"].includes(record.type) && uri !== capture.url)
    throw new Fault("网址与日志不符", `WARC-Target-URI ${uri} is not the capture's URL`);
}

/** The payload by the record's type: entity body, whole block, or none. */
function payloadOf(record) {
  if ((record.fields.get("Content-Type") ?? "").startsWith("application/http")) {
    return entityBody(record.block.subarray(record.type === "response" ? interimLength(record.block) : 0));
  }
  return ["resource", "conversion"].includes(record.type) ? record.block : null;
}

/** Where the blank line of a message head ends, with CRLF or bare LF (RFC 9112 section 2.2); -1 if nowhere. */
function headEnd(bytes, from = 0) {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

/** Bytes of whole interim answers (1xx, RFC 9110 section 15.2) before the final one. */
function interimLength(block) {
  let start = 0;
  for (;;) {
    const line = latin1(block.subarray(start, start + 12));
    const end = line.startsWith("HTTP/1.1 1") && line !== "HTTP/1.1 101" ? headEnd(block, start) : -1;
    if (end < 0) return start;
    start = end;
  }
}

/** Transfer coding removed, content coding kept (RFC 9112 section 6). */
function entityBody(message) {
  const end = headEnd(message);
  if (end < 0) throw new Fault("HTTP 头没有空行", "message head has no blank line");
  const fields = httpFields(latin1(message.subarray(0, end)));
  const values = (name) => fields.filter(([field]) => field === name).map(([, value]) => value);
  const body = message.subarray(end);
  if (values("transfer-encoding").join(",").toLowerCase().split(",").at(-1).trim() === "chunked") return dechunk(body);
  const [length] = values("content-length");
  return /^[0-9]+$/.test(length ?? "") ? body.subarray(0, Number(length)) : body;
}

function httpFields(head) {
  const fields = [];
  for (const line of head.split(/\r?\n/).slice(1, -2)) {
    if (/^[ \t]/.test(line) && fields.length) fields.at(-1)[1] += ` ${line.trim()}`;
    else if (!line.includes(":")) throw new Fault("HTTP 头字段没有冒号", "header field without a colon");
    else {
      const [name, value] = splitOnce(line, ":");
      fields.push([name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, "")]);
    }
  }
  return fields;
}

/** RFC 9112 section 7.1; extensions and trailers are dropped. */
function dechunk(body) {
  const pieces = [];
  for (let at = 0; ;) {
    const lineEnd = indexOfBytes(body, CRLF, at);
    const size =
      lineEnd < 0
        ? ""
        : latin1(body.subarray(at, Math.min(lineEnd, at + 1000)))
            .split(";")[0]
            .trim();
    if (!/^[0-9A-Fa-f]{1,12}$/.test(size))
      throw new Fault("分块传输的长度行有误", `chunk size at byte ${at} of the body is cut or not hexadecimal`);
    const [start, length] = [lineEnd + 2, parseInt(size, 16)];
    if (length === 0) return joined(pieces);
    if (body[start + length] !== 13 || body[start + length + 1] !== 10)
      throw new Fault("分块不完整", `chunk of ${length} bytes at byte ${start} of the body is cut`);
    pieces.push(body.subarray(start, start + length));
    at = start + length + 2;
  }
}
