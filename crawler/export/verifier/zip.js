// ZIP files (PKWARE APPNOTE 6.3.9), read from a Blob in small parts: the directory at the end, then members.
// Stored and deflated members only; ZIP64 sizes; every claim of size is checked against the file.

const ZIP_DIRECTORY_LIMIT = 64 << 20; // bytes
const ZIP_ENTRY_LIMIT = 200_000;
const [ZIP_LOCAL, ZIP_CENTRAL, ZIP_END] = [0x04034b50, 0x02014b50, 0x06054b50];
const [ZIP64_END, ZIP64_LOCATOR] = [0x06064b50, 0x07064b50];
const [ZIP_STORED, ZIP_DEFLATED] = [0, 8];

const zipFault = (en) => new Fault("ZIP 文件已损坏", `the zip file is damaged: ${en}`);

/** A part of a Blob as a DataView; a Fault when the Blob ends before. */
async function viewOf(blob, start, length) {
  if (!(start >= 0 && start + length <= blob.size)) throw zipFault(`${length} bytes at ${start} are not there`);
  return new DataView(await blob.slice(start, start + length).arrayBuffer());
}

/** A 64-bit number that fits a file; 4.3.14 and 4.5.3. */
function uint64(view, at) {
  const number = view.getBigUint64(at, true);
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw zipFault("an impossible size or offset");
  return Number(number);
}

/** 4.3.16: the end record is the last thing in the file, behind at most 65,535 bytes of comment. */
async function findZipEnd(blob) {
  const length = Math.min(blob.size, 22 + 65_535);
  const tail = await viewOf(blob, blob.size - length, length);
  for (let at = length - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) === ZIP_END && tail.getUint16(at + 20, true) === length - at - 22) {
      return { at: blob.size - length + at, view: new DataView(tail.buffer, at, 22) };
    }
  }
  throw new Fault("不是可读的 ZIP 文件", "is not a readable zip file: no end of central directory");
}

async function readZipEnd(blob) {
  const { at, view } = await findZipEnd(blob);
  const [count, size, offset] = [view.getUint16(10, true), view.getUint32(12, true), view.getUint32(16, true)];
  const isZip64 = count === 0xffff || size === 0xffffffff || offset === 0xffffffff;
  if (!isZip64 || at < 20) return { count, size, offset, end: at };
  const locator = await viewOf(blob, at - 20, 20);
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR) return { count, size, offset, end: at };
  const record = uint64(locator, 8);
  const end64 = await viewOf(blob, record, 56);
  if (end64.getUint32(0, true) !== ZIP64_END) throw zipFault("no ZIP64 end record where its locator says");
  return { count: uint64(end64, 32), size: uint64(end64, 40), offset: uint64(end64, 48), end: record };
}

/** The members in the order of the directory: name, method, sizes, CRC, where the local header is. */
async function readZip(blob) {
  const { count, size, offset, end } = await readZipEnd(blob);
  if (size > ZIP_DIRECTORY_LIMIT || count > ZIP_ENTRY_LIMIT)
    throw new Fault("ZIP 目录过大", "the zip directory is too large: refused");
  if (offset + size !== end) throw zipFault("its directory does not lie where its end says");
  const view = await viewOf(blob, offset, size);
  const members = [];
  for (let at = 0; at < size;) {
    const member = readZipEntry(view, at);
    members.push({ ...member, zip: blob, limit: offset });
    at = member.next;
  }
  if (members.length !== count) throw zipFault(`${members.length} members, its end says ${count}`);
  refuseOverlap(members);
  return members;
}

/** 4.3.12 */
function readZipEntry(view, at) {
  if (at + 46 > view.byteLength || view.getUint32(at, true) !== ZIP_CENTRAL) throw zipFault("its directory");
  const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true));
  const next = at + 46 + lengths[0] + lengths[1] + lengths[2];
  if (next > view.byteLength) throw zipFault("an entry of its directory is cut");
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 46, lengths[0]);
  const entry = {
    name: new TextDecoder().decode(bytes),
    nameBytes: bytes,
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    mode: view.getUint16(at + 40, true),
    offset: view.getUint32(at + 42, true),
    next,
  };
  readZip64Extra(view, at + 46 + lengths[0], lengths[1], entry);
  return entry;
}

/** 4.5.3: only the fields that are all ones in the entry stand in the extra field, in this order. */
function readZip64Extra(view, start, length, entry) {
  for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const end = Math.min(at + 4 + view.getUint16(at + 2, true), start + length);
    let field = at + 4;
    for (const name of ["size", "packed", "offset"]) {
      if (entry[name] !== 0xffffffff) continue;
      if (field + 8 > end) throw zipFault("a ZIP64 field is cut");
      entry[name] = uint64(view, field);
      field += 8;
    }
  }
}

/** Members that share bytes multiply what a small file inflates to. */
function refuseOverlap(members) {
  const places = members.map(({ offset, packed }) => [offset, offset + 30 + packed]).sort((a, b) => a[0] - b[0]);
  for (let at = 1; at < places.length; at++) {
    if (places[at][0] < places[at - 1][1]) throw zipFault("two members overlap");
  }
}

/** The packed bytes of a member as a part of the Blob, without reading them; 4.3.7. */
async function packedBlob(member) {
  const local = await viewOf(member.zip, member.offset, 30);
  if (local.getUint32(0, true) !== ZIP_LOCAL) throw zipFault(`no member ${member.name} where its directory says`);
  const nameLength = local.getUint16(26, true);
  const name = await viewOf(member.zip, member.offset + 30, nameLength);
  if (!sameBytes(new Uint8Array(name.buffer), member.nameBytes))
    throw zipFault(`${member.name} has another name in its own header`);
  const start = member.offset + 30 + nameLength + local.getUint16(28, true);
  if (start + member.packed > member.limit) throw zipFault(`${member.name} reaches into the directory`);
  return member.zip.slice(start, start + member.packed);
}

/** The pieces of a member, inflated; its size and CRC-32 must be what the directory says. */
async function* memberPieces(member) {
  if (member.flags & 1 || ![ZIP_STORED, ZIP_DEFLATED].includes(member.method)) {
    throw new Fault("成员被加密，或压缩方式不受支持", `${member.name} is encrypted, or packed in an unknown way`);
  }
  const packed = await packedBlob(member);
  const pieces = member.method === ZIP_STORED ? piecesOf(packed) : inflatedPieces(packed, "deflate-raw", member.size);
  let [size, crc] = [0, 0];
  for await (const piece of pieces) {
    [size, crc] = [size + piece.length, crc32(piece, crc)];
    yield piece;
  }
  if (size !== member.size || crc !== member.crc) throw zipFault(`${member.name}: wrong size or CRC-32`);
}

/** Inflate a Blob piece by piece ("gzip" or "deflate-raw"), and refuse what grows beyond `limit` bytes. */
async function* inflatedPieces(blob, format, limit) {
  const reader = blob.stream().pipeThrough(new DecompressionStream(format)).getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await readOrFault(reader);
      if (done) return;
      size += value.length;
      if (size > limit) throw new Fault("解压后超出限度，已拒绝", `inflates to more than ${limit} bytes: refused`);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the stream may already have failed: that was told above
  }
}

async function readOrFault(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("压缩数据已损坏", "compressed bytes are damaged, cut, or followed by others");
  }
}

async function collect(pieces, limit, what) {
  const parts = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > limit) throw new Fault("内容过大，已拒绝", `${what} has more than ${limit} bytes: refused`);
    parts.push(piece);
  }
  return joined(parts);
}

const readMember = (member, limit) => collect(memberPieces(member), limit, member.name);
