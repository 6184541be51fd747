// hash-list.csv against files and records; and whether the documents for the court are there.

const HASH_LIST = "data/hash-list.csv";
const DOCUMENTS = [
  "data/catalogue.docx",
  "data/catalogue.csv",
  "data/verify-zh.md",
  "data/verify-zh.html",
  "data/verifier.html",
];

/** RFC 4180, strictly: quoted fields with doubled quotes, one kind of line end at a time. */
function parseCsv(text) {
  const [rows, field] = [[], /("[^"]*(?:""[^"]*)*"|[^",\r\n]*)(,|\r?\n|$)/y];
  let row = [];
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) throw new Fault("CSV 格式有误", "not well-formed CSV");
    row.push(match[1].startsWith('"') ? match[1].slice(1, -1).replaceAll('""', '"') : match[1]);
    if (match[2] !== ",") {
      rows.push(row);
      row = [];
    }
  }
  if (row.length) rows.push([...row, ""]);
  return rows;
}

/** The list has a row for every file in data/ but itself, and for every WARC record; nothing else. */
async function checkHashList(source, found, placed) {
  const faults = new Faults("hash-list");
  const expected = new Map();
  for (const [name, file] of found)
    if (name.startsWith("data/") && name !== HASH_LIST) expected.set(name, [String(file.size), file.sha256, file.sm3]);
  for (const { member, offset, record } of placed) {
    expected.set(`${WACZ}!${member}:${offset}+${record.locator.length}`, [
      String(record.locator.length),
      record.sha256,
      record.sm3,
    ]);
  }
  let rows = [];
  try {
    rows = parseCsv(decodeText(await source.small(HASH_LIST, MANIFEST_LIMIT), HASH_LIST).replace(/^\ufeff/, ""));
    if (rows.shift()?.join() !== FACTS.hashListColumns.join())
      throw new Fault("表头有误", `does not begin with the columns ${FACTS.hashListColumns.join(", ")}`);
  } catch (error) {
    faults.addError(HASH_LIST, error);
    return faults.check(NO_WORDS);
  }
  rows.forEach((row, at) => checkHashRow(row, at + 1, expected, faults));
  for (const name of expected.keys()) faults.add(HASH_LIST, `没有列出 ${name}`, `does not list ${name}`);
  return faults.check(
    words(`${rows.length} 行：字节数、SHA-256 和 SM3 均相符`, `${rows.length} rows: sizes, SHA-256 and SM3 are true`),
  );
}

function checkHashRow(row, number, expected, faults) {
  const where = `${HASH_LIST} 第 ${number} 行`;
  const wanted = row.length === FACTS.hashListColumns.length ? expected.get(row[1]) : undefined;
  if (!wanted) {
    faults.add(
      where,
      `所列 ${row[1] ?? ""} 不在包内，或者列出两次`,
      `row ${number} names what is not in the bundle, or names it twice: ${row[1] ?? ""}`,
    );
    return;
  }
  expected.delete(row[1]);
  if ([row[0], row[2], `sha256:${row[3]}`, `sm3:${row[4]}`].join() !== [String(number), ...wanted].join()) {
    faults.add(
      where,
      `${row[1]} 的编号、大小或摘要不符`,
      `row ${number}: number, size or digests of ${row[1]} are not true`,
    );
  }
}

const MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}";
const CLAIM = new RegExp(
  `采集 (${MOMENT})[；\n](?:不早于 (${MOMENT})|此前尚无时间戳，无下限)[；\n](?:不晚于 (${MOMENT})|尚未加盖时间戳，无上限)[；\n]日志序号 (0|[1-9][0-9]{0,17})(?![0-9])`,
  "g",
);
const CLAIM_WORD = /(?:采集|不早于|不晚于) *[0-9]|日志序号 *[0-9]/;
const shownTime = (time) => new Date(time + 8 * 3600_000).toISOString().slice(0, 19).replace("T", " ");
const XML_ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'" };

/** The runs of text in the Word document, a line each. */
async function wordText(blob) {
  const member = (await readZip(blob)).find(({ name }) => name === "word/document.xml");
  if (!member) throw new Fault("不是 Word 文档", "is not a Word document");
  const xml = new TextDecoder().decode(await readMember(member, MANIFEST_LIMIT));
  const runs = [...xml.matchAll(/<w:t(?: [^>]*)?>([^<]*)<\/w:t>/g)].map(([, text]) => text);
  return runs.map((text) => text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => XML_ENTITIES[entity])).join("\n");
}

const claimsIn = (text) => [...text.matchAll(CLAIM)].map(([, began, lower, upper, entry]) => ({ began, lower, upper, entry }));

/** What the 证据目录 says of captures (crawler/evidence/checks/catalogue.py). `rows`: the captures and their bounds. */
async function checkCatalogue(source, rows, faults) {
  const [docx, csv] = DOCUMENTS;
  const known = new Map(rows.map((row) => [String(row.index), row]));
  const table = parseCsv(decodeText(await source.small(csv, MANIFEST_LIMIT), csv).replace(/^\ufeff/, "")).slice(1);
  if (!table.length || table.some((row) => row.length < 5)) throw new Fault("没有内容", "has no rows, or one cut short");
  const [claims, addresses] = [[], []];
  table.forEach((row, at) => {
    const where = `${csv} 第 ${at + 1} 行`;
    const found = claimsIn(row[4]);
    if (!found.length || CLAIM_WORD.test(row[4].replace(CLAIM, "")))
      faults.add(where, "没有写明采集，或者时间、序号的写法有误", "names no capture, or a time in another form");
    for (const claim of found) checkClaim(claim, known.get(claim.entry), where, faults);
    const urls = new Set(found.map(({ entry }) => known.get(entry)?.capture.url));
    for (const address of row[2].split("\n").filter((line) => /^https?:\/\//.test(line))) {
      addresses.push(address);
      if (!urls.has(address))
        faults.add(where, `${address} 不是该行所列采集的网址`, `${address} is not the address of a capture of this row`);
    }
    claims.push(...found);
  });
  const text = await wordText(await source.blob(docx));
  if (JSON.stringify(claimsIn(text)) !== JSON.stringify(claims))
    faults.add(docx, `所列时间和日志序号与 ${csv} 不同`, `does not state the same times and entries as ${csv}`);
  const lines = new Set(text.split("\n"));
  for (const address of addresses)
    if (!lines.has(address)) faults.add(docx, `缺少网址 ${address}`, `lacks the address ${address}`);
}

function checkClaim({ began, lower, upper, entry }, row, where, faults) {
  if (!row) {
    faults.add(where, `日志序号 ${entry} 不是包内的采集`, `entry ${entry} is no capture of this bundle`);
    return;
  }
  const { capture, notBefore, notAfter } = row;
  const started = statedTime(capture.started);
  if (!Number.isFinite(started) || began !== shownTime(started))
    faults.add(where, `采集时间应为 ${capture.started}`, `capture ${capture.id} began at ${capture.started}`);
  if (lower && (!capture.after || (notBefore && lower > shownTime(notBefore.time))))
    faults.add(where, `“不早于 ${lower}”没有时间戳为据`, `no token that capture ${capture.id} names bears out ${lower}`);
  if (upper && notAfter && upper < shownTime(notAfter.time))
    faults.add(where, `“不晚于 ${upper}”没有时间戳为据`, `no token over capture ${capture.id} bears out ${upper}`);
}

async function checkDocuments(source, found, captures) {
  const faults = new Faults("documents");
  for (const name of DOCUMENTS) if (!found.get(name)?.size) faults.add(name, "缺失或为空", "is missing or empty");
  const [docx] = DOCUMENTS;
  if (found.get(docx)?.size) {
    try {
      await readZip(await source.blob(docx));
    } catch (error) {
      faults.addError(docx, error instanceof Fault ? new Fault("不是 Word 文档", "is not a Word document") : error);
    }
  }
  if (!faults.count) {
    try {
      await checkCatalogue(source, captures, faults);
    } catch (error) {
      faults.addError(DOCUMENTS[1], error);
    }
  }
  return faults.check(
    words(
      "证据目录所列时间、日志序号和网址与日志一致；核验说明和核验程序齐备，内容由文件清单和签名保护",
      "times, entries and addresses in the catalogue are those of the log; verification sheet and verifier are there, lists and signature cover their bytes",
    ),
  );
}
