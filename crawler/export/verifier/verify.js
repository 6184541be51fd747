// One verification, from the outside in: bag, signature, log, tokens, leaves, WACZ, documents. The checks come
// in the order of `evidence verify` (crawler/evidence/checks); each stands for itself and none stops another.

const NOT_SEALED_TOLD = words(
  "将这些与日志所有人和时间戳机构公布的比对，再填入上方的输入框重新核验",
  "compare these with what the log's owner and the authorities publish, then fill them in above and verify again",
);

/**
 * Verify a bundle. `anchors`: {vkeys, roots} that the user has from elsewhere (lines of text, fingerprints in
 * hexadecimal). `progress(done, total)` in bytes. Never throws for what is in the bundle.
 */
async function verifyBundle(source, anchors, progress) {
  const step = meter(source, progress);
  const given = readGiven(anchors);
  const faults = Object.fromEntries(
    ["signature", "timestamps", "manifests", "inclusion", "wacz", "coverage", "records", "index"].map((name) => [
      name,
      new Faults(name),
    ]),
  );
  for (const error of given.errors) faults.signature.addError("您所给的公钥或指纹", error);
  const [bag, found] = await checkBag(source, step);
  const log = await readLog(source, given, faults);
  const wacz = await readWacz(source, log.leaves, faults, step);
  const rows = captureTimes(log.leaves, log.stamps);
  const keysCheck = await checkKeys(log.leaves, log.keys, log.notes, given.keys);
  const checks = [
    bag,
    await checkBundleSignature(source, log.keys.at(-1)),
    organisationCheck(source),
    faults.signature.check(
      words(`${log.notes.size} 个检查点的签名无误`, `${log.notes.size} checkpoint(s) are signed by the log's keys`),
    ),
    keysCheck,
    await checkConsistency(source, log.notes),
    checkTimestamps(log.stamps, faults.timestamps),
    checkValidity(log.stamps, Date.now()),
    log.witnesses,
    faults.manifests.check(words(`日志中的 ${log.leaves.size} 条`, `${log.leaves.size} leaves of the log`)),
    faults.inclusion.check(includedWords(log.leaves.size, log.originals)),
    faults.wacz.check(words("成员、清单、摘要和签名一致", "members, listing, digests and signature agree")),
    faults.coverage.check(
      words(
        "WARC 文件的每个字节都属于日志所列的记录",
        "each byte of each WARC file lies in a record that a leaf names",
      ),
    ),
    faults.records.check(
      words(`${wacz.placed.length} 条记录与日志一致`, `${wacz.placed.length} record(s) agree with the log`),
    ),
    faults.index.check(words("索引和页面列表与记录相符", "index and pages name the records truly")),
    checkSealed(log.leaves, log.stamps),
    checkBracket(rows, log.leaves, log.stamps),
    await checkHashList(source, found, wacz.placed),
    await checkDocuments(source, found, rows),
    await anchorCheck(source, log, given, keysCheck),
  ];
  const keys = [...keyFacts(log.keys), ...keyFacts(log.witnessKeys), ...(wacz.signer ? [wacz.signer] : [])];
  const report = new Report(
    source.label,
    checks.filter((check) => check !== null),
    keys,
    timeFacts(
      captureTimes(
        log.leaves,
        log.stamps.filter(({ token }) => token.judged === "path"),
      ),
    ),
    timeFacts(rows),
  );
  return Object.assign(report, { rows });
}

/** What the user brings: public key lines, and SHA-256 fingerprints of TSA roots. */
function readGiven({ vkeys = "", roots = "" }) {
  const given = { keys: [], witnesses: [], roots: new Set(), errors: [] };
  for (const line of vkeys
    .split("\n")
    .map((text) => text.trim())
    .filter(Boolean)
    .slice(0, 100)) {
    try {
      if (isWitnessVkey(line)) given.witnesses.push(parseVkey(line, COSIGNATURE_TYPE));
      else given.keys.push(parseVkey(line));
    } catch (error) {
      given.errors.push(error);
    }
  }
  for (const text of roots
    .split(/[\n,;，；]/)
    .map((part) => part.replace(/^.*=|sha256:|[\s:]/gi, "").toLowerCase())
    .filter(Boolean)
    .slice(0, 100)) {
    if (/^[0-9a-f]{64}$/.test(text)) given.roots.add(text);
    else
      given.errors.push(
        new Fault(
          "根证书指纹应为 64 位十六进制数字（SHA-256）",
          "a root's fingerprint has 64 hexadecimal digits (SHA-256)",
        ),
      );
  }
  return given;
}

function includedWords(leaves, originals) {
  const zh = `${leaves} 条均在已签名的日志之中`;
  const en = `${leaves} leaves are in the signed log`;
  if (!originals) return words(zh, en);
  return words(
    `${zh}；脱敏副本所据的 ${originals} 份原件未随本包交付，其摘要亦在日志之中`,
    `${en}; so are the ${originals} originals of redacted captures, which are not handed over`,
  );
}

async function readLog(source, given, faults) {
  const keys = await readKeys(source, faults.signature);
  const notes = await readCheckpoints(source, keys, faults.signature);
  const { stamps, seals } = await readStamps(source, notes, given.roots, faults.timestamps);
  const leaves = await readLeaves(source, notes, faults.manifests, faults.inclusion);
  const originals = await checkOriginals(source, leaves, notes, faults.inclusion);
  for (const [index, { leaf }] of leaves) {
    try {
      checkHandedOver(leaf);
      checkAfter(leaf, index, seals);
    } catch (error) {
      faults.manifests.addError(`${LOG}/leaves/${index}.json, ${leaf.what}`, error);
    }
  }
  if (![...leaves.values()].some(({ leaf }) => leaf.capture))
    faults.manifests.add(`${LOG}/leaves`, "没有任何采集", "holds no capture");
  const [witnesses, witnessKeys] = await checkWitnesses(source, notes, given.witnesses);
  return { keys, notes, stamps, leaves, originals, witnesses, witnessKeys };
}

async function readWacz(source, leaves, faults, step) {
  let [placed, signer] = [[], null];
  try {
    const wacz = await openWacz(source);
    signer = await checkPackage(wacz, faults.wacz, step);
    placed = await checkRecords(wacz, leaves, faults.coverage, faults.records, step);
    await checkIndex(wacz, placed, faults.index);
  } catch (error) {
    faults.wacz.addError(WACZ, error);
  }
  return { placed, signer };
}

function organisationCheck(source) {
  if (!source.has(CMS_SIGNATURE)) return null;
  return notChecked(
    "organisation-signature",
    words("本页不核验机构证书的 CMS 签名", "a CMS signature by an organisation's certificate is not checked here"),
    words("请以另行取得的 CA 根证书运行下列命令", "run this with the CA's root, obtained elsewhere"),
    {
      commands: [
        `openssl cms -verify -binary -inform DER -in ${CMS_SIGNATURE} -content ${TAG_MANIFEST} -CAfile ca.pem -purpose any -out /dev/null`,
      ],
    },
  );
}

/** Passed only where key and roots are the user's own: whoever holds a bundle may have made all of it. */
async function anchorCheck(source, { keys, stamps }, given, keysCheck) {
  const missing = [];
  const newest = keys.at(-1);
  if (!given.keys.length || keysCheck.status !== "passed") {
    const key = newest ? `${newest.name}+${newest.id} (${fingerprintOf(newest)})` : "?";
    missing.push(words(`日志公钥 ${key}`, `log key ${key}`));
  }
  if (!stamps.length || stamps.some(({ token }) => token.judged !== "path"))
    missing.push(...(await rootFingerprints(source)));
  if (!missing.length)
    return makeCheck(
      "anchor",
      "passed",
      words("日志公钥和根证书与您自行取得的一致", "the log's key and the TSA roots are those that you gave"),
    );
  return notChecked(
    "anchor",
    words(
      `取自证据包本身，只能说明证据包前后一致：${missing.map(({ zh }) => zh).join("；")}`,
      `taken from the bundle itself: ${missing.map(({ en }) => en).join("; ")}`,
    ),
    NOT_SEALED_TOLD,
  );
}

async function rootFingerprints(source) {
  const told = [];
  for (const name of source
    .below(TRUST)
    .filter((file) => file.endsWith(".pem"))
    .slice(0, 20)) {
    const ders = await source
      .small(`${TRUST}/${name}`)
      .then(certificatesInPem)
      .catch(() => []); // named by other checks
    const named = ders.map((der) => `${name.slice(0, -4)} (${sha256Label(der)})`);
    told.push(...named.map((root) => words(`根证书 ${root}`, `root ${root}`)));
  }
  return told.length ? told : [words("根证书 ?", "root ?")];
}

/** Counts bytes: all files once, the WACZ twice more (its listing, its records). */
function meter(source, progress) {
  const total = [...source.files.keys()].reduce((sum, name) => sum + source.sizeOf(name), 0) + 2 * source.sizeOf(WACZ);
  let [done, shown] = [0, 0];
  return (count) => {
    done += count;
    if (performance.now() - shown < 60) return;
    shown = performance.now();
    progress(Math.min(done, total), total); // drawn while the next piece is being read
  };
}

/** Published vectors: a browser or a copy of this page that computes wrongly must not judge anything. */
async function selfTest() {
  if (!globalThis.crypto?.subtle) return words("此浏览器不提供 WebCrypto", "this browser offers no WebCrypto");
  try {
    new DecompressionStream("deflate-raw");
  } catch {
    return words("此浏览器过旧，不能解压（DecompressionStream）", "this browser is too old: no DecompressionStream");
  }
  const abc = encodeText("abc");
  const signature = fromHex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  );
  const right =
    toHex(sha256(abc)) === "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" && // FIPS 180-4
    sm3Label(abc) === "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" && // GB/T 32905
    (await verifyEd25519(PROBE_KEY, signature, new Uint8Array(0))) && // RFC 8032, 7.1, TEST 1
    !(await verifyEd25519(PROBE_KEY, signature, abc));
  return right ? null : words("自检未通过：此浏览器计算有误", "self-test failed: this browser computes wrongly");
}
