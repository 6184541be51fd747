// The one form of the zip files that our exporter writes (crawler/evidence/checks/zip_form.py): everything in
// them but the content follows from names, sizes and one time, so each byte of it is demanded.

const BIG = 0xffffffff; // in a 32-bit field: see the ZIP64 extra field

/** Little-endian fields: [size in bytes, number] each. */
function packed(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, number] of fields) {
    if (size === 2) view.setUint16(at, number, true);
    else if (size === 4) view.setUint32(at, number, true);
    else view.setBigUint64(at, BigInt(number), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

const u16 = (number) => [2, number];
const u32 = (number) => [4, number];
const u64 = (number) => [8, number];

/** Time and date fields of an RFC 3339 time (4.4.6). */
function dosStamp(created) {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(created);
  if (!match) throw new Fault("created 不是时间", `${DATAPACKAGE}: created is no time`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return [u16((hour << 11) | (minute << 5) | (second >> 1)), u16((Math.max(year - 1980, 0) << 9) | (month << 5) | day)];
}

/** 4.3.7 */
function localHeader({ nameBytes, size, crc }, stamp) {
  const extra = size >= BIG ? packed(u16(1), u16(16), u64(size), u64(size)) : new Uint8Array(0);
  const needed = extra.length ? 45 : 20;
  return concat(
    packed(
      u32(ZIP_LOCAL),
      u16(needed),
      u16(0),
      u16(0),
      ...stamp,
      u32(crc),
      u32(Math.min(size, BIG)),
      u32(Math.min(size, BIG)),
      u16(nameBytes.length),
      u16(extra.length),
    ),
    nameBytes,
    extra,
  );
}

/** 4.3.12; made by Unix, a regular file with mode 0644. */
function centralHeader({ nameBytes, size, crc, offset }, stamp) {
  const wide = [...(size >= BIG ? [u64(size), u64(size)] : []), ...(offset >= BIG ? [u64(offset)] : [])];
  const extra = wide.length ? packed(u16(1), u16(8 * wide.length), ...wide) : new Uint8Array(0);
  const needed = extra.length ? 45 : 20;
  return concat(
    packed(
      u32(ZIP_CENTRAL),
      u16((3 << 8) | 45),
      u16(needed),
      u16(0),
      u16(0),
      ...stamp,
      u32(crc),
      u32(Math.min(size, BIG)),
      u32(Math.min(size, BIG)),
      u16(nameBytes.length),
      u16(extra.length),
      u16(0),
      u16(0),
      u16(0),
      u32(0o100644 * 65536),
      u32(Math.min(offset, BIG)),
    ),
    nameBytes,
    extra,
  );
}

/** 4.3.14 to 4.3.16 */
function endRecords(count, start, size) {
  const [shown, at, length] = [Math.min(count, 0xffff), Math.min(start, BIG), Math.min(size, BIG)];
  const end = packed(u32(ZIP_END), u16(0), u16(0), u16(shown), u16(shown), u32(length), u32(at), u16(0));
  if (count < 0xffff && start < BIG && size < BIG) return end;
  const wide = packed(
    u32(ZIP64_END),
    u64(44),
    u16((3 << 8) | 45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(start),
  );
  return concat(wide, packed(u32(ZIP64_LOCATOR), u32(0), u64(start + size), u32(1)), end);
}

/** Every byte that is not content is as our exporter writes it, and nothing lies between the parts. */
async function checkZipForm(blob, members, created, faults) {
  const stamp = dosStamp(created);
  let at = 0;
  for (const member of members) {
    const wanted = localHeader(member, stamp);
    const found =
      member.offset === at && at + wanted.length <= blob.size
        ? new Uint8Array((await viewOf(blob, at, wanted.length)).buffer)
        : null;
    if (!found || !sameBytes(found, wanted)) {
      faults.add(
        `${WACZ}!${member.name}`,
        "ZIP 文件头不是本工具所写的形式",
        "its zip headers are not those of our exporter",
      );
      return; // where the next one should lie follows from this one
    }
    at += wanted.length + member.packed;
  }
  const directory = joined(members.map((member) => centralHeader(member, stamp)));
  const tail = concat(directory, endRecords(members.length, at, directory.length));
  if (
    blob.size - at !== tail.length ||
    !sameBytes(new Uint8Array((await viewOf(blob, at, tail.length)).buffer), tail)
  ) {
    faults.add(WACZ, "ZIP 目录不是本工具所写的形式", "its zip directory is not that of our exporter");
  }
}
