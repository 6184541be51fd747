// The WACZ (1.1.1): zip members, datapackage.json, WARC records, index and pages; each against the log's leaves.

const WACZ = "data/captures.wacz";
const [DATAPACKAGE, DATAPACKAGE_DIGEST] = ["datapackage.json", "datapackage-digest.json"];
const [INDEX, PAGES] = ["indexes/index.cdx", "pages/pages.jsonl"];
const MEMBER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;
const LINE_LIMIT = 1 << 20;
const RESOURCE_TYPES = { name: isText, path: isText, hash: isText, bytes: isInteger };
const SIGNED_FIELDS = {
  hash: isSha256,
  created: isText,
  software: isText,
  version: (value) => value === "0.1.0",
  signature: isText,
  publicKey: isText,
};

/** Members by name (of a name that occurs twice the last, as other readers do). Throws a Fault. */
async function openWacz(source) {
  const blob = await source.blob(WACZ);
  const list = await readZip(blob);
  return { blob, list, members: new Map(list.map((member) => [member.name, member])) };
}

async function readNamed(wacz, name, limit) {
  const member = wacz.members.get(name);
  if (!member) throw new Fault("WACZ 中没有这个文件", `${name} is missing in the WACZ`);
  return readMember(member, limit);
}

/**
 * Members and listing agree exactly, every digest and the signature are true; the form is our exporter's.
 * Returns the key that signed, for the report, or null.
 */
async function checkPackage(wacz, faults, progress) {
  checkMembers(wacz, faults);
  let [resources, listing, digest] = [[], null, ""];
  try {
    const content = await readNamed(wacz, DATAPACKAGE, MANIFEST_LIMIT);
    digest = sha256Label(content);
    listing = parseObject(content, DATAPACKAGE);
    resources = listedResources(listing);
  } catch (error) {
    faults.addError(`${WACZ}!${DATAPACKAGE}`, error);
    return null;
  }
  compareListing(wacz, resources, faults);
  for (const entry of resources) if (wacz.members.has(entry.path)) await checkResource(wacz, entry, faults, progress);
  return checkOwnForm(wacz, listing, digest, faults);
}

function compareListing(wacz, resources, faults) {
  const names = new Set();
  for (const { path } of resources) {
    if (names.has(path))
      faults.add(`${WACZ}!${path}`, `在 ${DATAPACKAGE} 中列出两次`, `is listed more than once in ${DATAPACKAGE}`);
    names.add(path);
  }
  const own = new Set([...wacz.members.keys()].filter((name) => ![DATAPACKAGE, DATAPACKAGE_DIGEST].includes(name)));
  for (const name of own)
    if (!names.has(name))
      faults.add(`${WACZ}!${name}`, `未列入 ${DATAPACKAGE}`, `is in the WACZ but not listed in ${DATAPACKAGE}`);
  for (const name of names)
    if (!own.has(name))
      faults.add(`${WACZ}!${name}`, "列入清单，但文件不存在", `is listed in ${DATAPACKAGE} but not in the WACZ`);
}

function checkMembers(wacz, faults) {
  const seen = new Set();
  for (const { name, method } of wacz.list) {
    if (seen.has(name)) faults.add(`${WACZ}!${name}`, "同名成员出现两次", "the name occurs twice in the zip file");
    seen.add(name);
    if (!MEMBER_NAME.test(name))
      faults.add(`${WACZ}!${name}`, "成员名称不合规则", "a name that does not belong into a WACZ of a bundle");
    if (method !== ZIP_STORED)
      faults.add(
        `${WACZ}!${name}`,
        "不得在 ZIP 中再压缩",
        "is compressed in the zip file; our exporter stores everything as it is",
      );
  }
  for (const name of [DATAPACKAGE, DATAPACKAGE_DIGEST, INDEX, PAGES])
    if (!seen.has(name)) faults.add(`${WACZ}!${name}`, "缺失", "is missing in the WACZ");
}

/** What only our own exporter must have done: one form of zip file, and an anonymous signature of wacz-auth. */
async function checkOwnForm(wacz, listing, digest, faults) {
  try {
    await checkZipForm(wacz.blob, wacz.list, listing.created, faults);
    const order = [...listing.resources.map(({ path }) => path), DATAPACKAGE, DATAPACKAGE_DIGEST];
    if (wacz.list.map(({ name }) => name).join("\n") !== order.join("\n"))
      faults.add(WACZ, "成员次序与清单不同", `the members do not stand in the order of ${DATAPACKAGE}`);
    return await checkSignedData(await readNamed(wacz, DATAPACKAGE_DIGEST, LINE_LIMIT), listing, digest);
  } catch (error) {
    faults.addError(`${WACZ}!${DATAPACKAGE_DIGEST}`, error);
    return null;
  }
}

/** wacz-auth 0.1.0, anonymous: ECDSA P-384 with SHA-256, raw r ‖ s, over the text sha256:<hex>. */
async function checkSignedData(content, listing, digest) {
  const fields = parseObject(content, DATAPACKAGE_DIGEST);
  const { path, hash, signedData } = fields;
  if (Object.keys(fields).length !== 3 || path !== DATAPACKAGE || hash !== digest)
    throw new Fault(
      `与 ${DATAPACKAGE} 不符`,
      `does not hold exactly path, hash and signedData of ${DATAPACKAGE}, ${digest}`,
    );
  if (!isObject(signedData) || !fits(signedData, SIGNED_FIELDS))
    throw new Fault("签名的字段不齐或多余", "signedData does not have exactly the fields of an anonymous signature");
  if (
    signedData.hash !== digest ||
    signedData.created !== listing.created ||
    signedData.software !== listing.software
  ) {
    throw new Fault("签名所写与清单不同", `hash, created or software under signedData are not those of ${DATAPACKAGE}`);
  }
  if (!(await verifyP384(signedData)))
    throw new Fault("签名不正确", `the signature over ${digest} is not by the key in publicKey`);
  if (!sameBytes(content, encodeText(JSON.stringify({ path, hash, signedData }, null, 2))))
    throw new Fault("写法不规范", "is not written in the one form of our exporter");
  return {
    role: "wacz",
    name: "anonymous",
    key_id: "",
    fingerprint: sha256Label(fromBase64(signedData.publicKey, "publicKey")),
    remark: "",
  };
}

function listedResources(content) {
  if (content.profile !== "data-package" || content.wacz_version !== "1.1.1")
    throw new Fault("不是 WACZ 1.1.1 的清单", `${DATAPACKAGE} is not a data package, or its wacz_version is not 1.1.1`);
  const { resources } = content;
  if (!Array.isArray(resources) || !resources.every((entry) => isObject(entry) && fits(entry, RESOURCE_TYPES))) {
    throw new Fault("清单的条目有误", `${DATAPACKAGE}: a resource has missing, unknown or ill-typed fields`);
  }
  return resources;
}

async function checkResource(wacz, entry, faults, progress) {
  const where = `${WACZ}!${entry.path}`;
  const hasher = new Sha256();
  try {
    for await (const piece of memberPieces(wacz.members.get(entry.path))) {
      hasher.update(piece);
      progress(piece.length);
      if (hasher.length > entry.bytes) break;
    }
  } catch (error) {
    faults.addError(where, error);
    return;
  }
  if (hasher.length !== entry.bytes || `sha256:${toHex(hasher.digest())}` !== entry.hash) {
    faults.add(
      where,
      `与 ${DATAPACKAGE} 所列不符`,
      `is not what ${DATAPACKAGE} says: ${entry.bytes} bytes, ${entry.hash}`,
    );
  }
}

async function verifyP384({ hash, signature, publicKey }) {
  const [raw, spki] = [fromBase64(signature, "signature"), fromBase64(publicKey, "publicKey")];
  let key;
  try {
    key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-384" }, true, ["verify"]);
  } catch {
    throw new Fault("公钥不是 P-384", "publicKey is not a readable P-384 key");
  }
  if (!sameBytes(new Uint8Array(await crypto.subtle.exportKey("spki", key)), spki))
    throw new Fault("公钥写法不规范", "publicKey is not written in the usual form");
  return raw.length === 96 && crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, encodeText(hash));
}

const memberOf = (file) => `archive/${file.split("/").at(-1)}`;

/** Every record of every leaf lies in the WACZ, in log order, with nothing between, before or after. */
async function checkRecords(wacz, leaves, coverage, faults, progress) {
  const wanted = new Map();
  for (const [index, { leaf }] of leaves) {
    for (const record of leaf.records) {
      const member = memberOf(record.locator.file);
      if (!wanted.has(member)) wanted.set(member, []);
      wanted.get(member).push({ record, index, leaf });
    }
  }
  for (const name of [...wacz.members.keys()].sort()) {
    if (name.startsWith("archive/") && !wanted.has(name))
      coverage.add(`${WACZ}!${name}`, "日志没有指明其中的任何记录", "no leaf of the bundle names a record in it");
  }
  const placed = [];
  for (const [member, records] of [...wanted].sort(([a], [b]) => compareText(a, b))) {
    records.sort((a, b) => a.record.locator.offset - b.record.locator.offset);
    try {
      placed.push(...(await walkMember(wacz, member, records, coverage, faults, progress)));
    } catch (error) {
      coverage.addError(`${WACZ}!${member}`, error);
    }
  }
  return placed;
}

async function walkMember(wacz, member, records, coverage, faults, progress) {
  const entry = wacz.members.get(member);
  if (!entry) throw new Fault("WACZ 中没有这个 WARC 文件", "is missing, though leaves name records in it");
  if (entry.method !== ZIP_STORED || entry.flags & 1)
    throw new Fault("在 ZIP 中被压缩或加密", "is compressed in the zip file, or encrypted");
  const file = await packedBlob(entry);
  const placed = [];
  let offset = 0;
  for (const { record, index, leaf } of records) {
    const stored = file.slice(offset, offset + record.locator.length);
    let found = null;
    try {
      found = await checkRecord(stored, record, leaf);
    } catch (error) {
      faults.addError(`${WACZ}!${member}:${offset}, 记录 ${record.id}, 日志序号 ${index}, ${leaf.what}`, error);
    }
    placed.push({ member, offset, record, found });
    offset += stored.size;
    progress(stored.size);
  }
  if (file.size > offset)
    coverage.add(
      `${WACZ}!${member}`,
      `末尾 ${file.size - offset} 字节不属于任何记录`,
      "bytes after its last record, which no leaf names",
    );
  return placed;
}

/** Lines of a member, each whole and of at most LINE_LIMIT bytes; nothing is kept of those before. */
async function* linesOf(wacz, name) {
  const member = wacz.members.get(name);
  if (!member) throw new Fault("WACZ 中没有这个文件", `${name} is missing in the WACZ`);
  let held = new Uint8Array(0);
  for await (const piece of memberPieces(member)) {
    let rest = concat(held, piece);
    for (let end = rest.indexOf(10); end >= 0 && end < LINE_LIMIT; end = rest.indexOf(10)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > LINE_LIMIT) break;
    held = rest.slice();
  }
  if (held.length)
    throw new Fault("有一行不完整或过长", `${name}: a line is not whole, or is longer than ${LINE_LIMIT} bytes`);
}

/** The CDXJ index (0.1.0) names each response and resource once, truly and in order; pages are captured pages. */
async function checkIndex(wacz, placed, faults) {
  const expected = new Map(
    placed
      .filter(({ record }) => ["response", "resource"].includes(record.type))
      .map((place) => [`${place.member}:${place.offset}`, place]),
  );
  let [number, previous] = [0, ""];
  try {
    for await (const bytes of linesOf(wacz, INDEX)) {
      const line = latin1(bytes);
      number++;
      if (line < previous) faults.add(`${WACZ}!${INDEX} 第 ${number} 行`, "次序有误", `line ${number} is out of order`);
      previous = line;
      checkIndexLine(bytes, line, number, expected, faults);
    }
    for (const [where, { record }] of expected)
      faults.add(
        `${WACZ}!${INDEX}`,
        `没有列出记录 ${record.id}`,
        `does not name ${record.type} ${record.id} at ${where}`,
      );
    await checkPages(wacz, placed, faults);
  } catch (error) {
    faults.addError(`${WACZ}!${INDEX}, ${PAGES}`, error);
  }
}

function checkIndexLine(bytes, line, number, expected, faults) {
  const at = line.indexOf(" {");
  const entry = parseObject(at < 0 ? bytes : bytes.subarray(at + 1), `${INDEX} line ${number}`);
  const name = `archive/${entry.filename}:${entry.offset}`;
  const place = isInteger(entry.offset) ? expected.get(name) : undefined;
  const where = `${WACZ}!${INDEX} 第 ${number} 行`;
  if (!place) {
    faults.add(
      where,
      "所指位置没有记录，或者列出两次",
      `line ${number} names ${name}, where no such record is, or names it twice`,
    );
    return;
  }
  expected.delete(name);
  const { record, found } = place;
  if (!found) return; // named by the check of records
  const wanted = {
    url: found.uri,
    length: record.locator.length,
    recordDigest: record.sha256,
    digest: record.payload_digest ?? record.block_digest,
  };
  const wrong = Object.keys(wanted).filter((field) => entry[field] !== wanted[field]);
  if (wrong.length || line.slice(0, at).split(" ").at(-1) !== found.date.replace(/[^0-9]/g, "").slice(0, 17)) {
    faults.add(
      where,
      `所列 ${wrong.join("、") || "时间"} 与记录不符`,
      `line ${number}: ${wrong.join(", ") || "time"} of record ${record.id} is not true`,
    );
  }
}

async function checkPages(wacz, placed, faults) {
  if (placed.some(({ found }) => !found)) return; // a page may be one of the records that are not what the log says
  const captured = new Set(
    placed.filter(({ found }) => ["response", "resource"].includes(found.type)).map(({ found }) => `${found.date} ${found.uri}`),
  );
  let number = 0;
  for await (const bytes of linesOf(wacz, PAGES)) {
    const page = parseObject(bytes, `${PAGES} line ${++number}`);
    if (number === 1 && page.format !== "json-pages-1.0")
      faults.add(`${WACZ}!${PAGES}`, "缺少格式行", "does not begin with its format line");
    if (number > 1 && !captured.has(`${page.ts} ${page.url}`))
      faults.add(
        `${WACZ}!${PAGES} 第 ${number} 行`,
        "不是本包采集的页面",
        `line ${number}: ${page.url} at ${page.ts} is no page of this bundle`,
      );
  }
}
