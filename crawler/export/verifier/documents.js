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

async function checkDocuments(source, found) {
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
  return faults.check(
    words(
      "证据目录、核验说明和核验程序齐备，内容由文件清单和签名保护",
      "catalogue, verification sheet and verifier are there; lists and signature cover their bytes",
    ),
  );
}
