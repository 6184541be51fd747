// BagIt 1.0 (RFC 8493), strictly: every file listed once, nothing else in the folder, digests and sizes true.

const [BAGIT, BAG_INFO, MANIFEST] = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"];
const TAG_MANIFEST = "tagmanifest-sha256.txt";
const [BUNDLE_SIGNATURE, CMS_SIGNATURE] = [`${TAG_MANIFEST}.sig`, `${TAG_MANIFEST}.p7s`];
const TAG_FILES = [BAG_INFO, BAGIT, MANIFEST, TAG_MANIFEST];
const OUTSIDE_TAG_MANIFEST = [TAG_MANIFEST, BUNDLE_SIGNATURE, CMS_SIGNATURE]; // the signatures are over it
const BAGIT_TEXT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const MANIFEST_LIMIT = 64 << 20; // bytes accepted in a manifest, a listing or the hash list

/** Check the bag; returns the check and what the files are: name → {size, sha256, sm3}. */
async function checkBag(source, progress) {
  const faults = new Faults("bag");
  const found = await digestAll(source, bagNames(source, faults), progress, faults);
  const payload = [...found.keys()].filter((name) => name.startsWith("data/"));
  await compareManifest(source, MANIFEST, payload, found, faults);
  const tags = TAG_FILES.filter((name) => !OUTSIDE_TAG_MANIFEST.includes(name) && found.has(name));
  await compareManifest(source, TAG_MANIFEST, tags, found, faults);
  for (const name of TAG_FILES) if (!found.has(name)) faults.add(name, "缺失", "is missing");
  const size = payload.reduce((sum, name) => sum + found.get(name).size, 0);
  await checkTags(source, `Payload-Oxum: ${size}.${payload.length}`, faults);
  const good = words(
    `${payload.length} 个文件，共 ${size} 字节，各列出一次`,
    `${payload.length} files, ${size} bytes, each listed once`,
  );
  return [faults.check(good), found];
}

function bagNames(source, faults) {
  const known = [...TAG_FILES, BUNDLE_SIGNATURE, CMS_SIGNATURE];
  for (const name of source.twice) faults.add(name, "同名文件出现两次", "the name occurs twice");
  for (const name of source.irregular)
    faults.add(name, "不是普通文件：不接受链接", "is not a regular file: links are refused");
  return [...source.files.keys()].sort().filter((name) => {
    const parts = name.split("/");
    if (!name.startsWith("data/") && !known.includes(name))
      faults.add(name, "不属于证据包", "does not belong into the bundle");
    else if (/[^\x20-\x7e]|\\/.test(name)) faults.add(name, "文件名须为 ASCII", "file names in a bundle are ASCII");
    else if (parts.some((part) => ["", ".", ".."].includes(part)))
      faults.add(name, "文件名不合规则", "a name that does not belong into a bundle");
    else return true;
    return false;
  });
}

async function digestAll(source, names, progress, faults) {
  const found = new Map();
  for (const name of names) {
    try {
      found.set(name, await digestFile(source, name, progress));
    } catch (error) {
      if (!(error instanceof Fault || error instanceof DOMException)) throw error;
      faults.add(name, error.zh ?? "文件无法读取", error.zh ? error.message : "cannot be read");
    }
  }
  return found;
}

async function digestFile(source, name, progress) {
  const blob = await source.blob(name);
  const [own, sm3] = [new Sha256(), new Sm3()];
  for await (const piece of piecesOf(blob)) {
    own.update(piece);
    sm3.update(piece);
    progress(piece.length);
  }
  return { size: blob.size, sha256: `sha256:${toHex(own.digest())}`, sm3: `sm3:${toHex(sm3.digest())}` };
}

async function compareManifest(source, manifest, names, found, faults) {
  if (!source.has(manifest)) return; // missing: named by checkBag
  let listed;
  try {
    listed = readManifest(await source.small(manifest, MANIFEST_LIMIT), manifest, faults);
  } catch (error) {
    faults.addError(manifest, error);
    return;
  }
  const present = new Set(names);
  for (const name of names)
    if (!listed.has(name)) faults.add(name, `未列入 ${manifest}`, `is not listed in ${manifest}`);
  for (const [name, digest] of [...listed].sort(([a], [b]) => compareText(a, b))) {
    if (!present.has(name))
      faults.add(name, `列入 ${manifest}，但文件不存在`, `is listed in ${manifest} but is not there`);
    else if (found.get(name).sha256 !== `sha256:${digest}`) {
      faults.add(
        name,
        `内容与 ${manifest} 所列摘要不符，文件已被改动`,
        `has ${found.get(name).sha256}, ${manifest} says ${digest}`,
      );
    }
  }
  const order = [...listed.keys()];
  if (order.some((name, at) => at && compareText(order[at - 1], name) > 0))
    faults.add(manifest, "各行次序有误", "lines are not in order");
}

function readManifest(bytes, manifest, faults) {
  const lines = decodeText(bytes, manifest).split("\n");
  if (lines.pop() !== "") faults.add(manifest, "末行不完整", "does not end with a whole line");
  const listed = new Map();
  lines.forEach((line, index) => {
    const match = /^([0-9a-f]{64}) {2}(\S(?:[^\n]*\S)?)$/.exec(line);
    if (match && !listed.has(match[2])) listed.set(match[2], match[1]);
    else
      faults.add(
        `${manifest} 第 ${index + 1} 行`,
        "格式有误，或同一文件列出两次",
        `line ${index + 1} is malformed or names a file twice`,
      );
  });
  return listed;
}

async function checkTags(source, oxum, faults) {
  if (source.has(BAGIT) && latin1(await source.small(BAGIT)) !== BAGIT_TEXT) {
    faults.add(BAGIT, "不是 BagIt 1.0 的声明", "is not that of a BagIt 1.0 bag in UTF-8");
  }
  if (!source.has(BAG_INFO)) return;
  const lines = new TextDecoder().decode(await source.small(BAG_INFO)).split("\n");
  if (lines.filter((line) => line === oxum).length !== 1)
    faults.add(BAG_INFO, `应写明 ${oxum}`, `does not say ${oxum}`);
}

/** The log's newest key signed the tag manifest, and so every byte of the bundle. */
async function checkBundleSignature(source, newest) {
  const faults = new Faults("bundle-signature");
  try {
    const signature = await source.small(BUNDLE_SIGNATURE);
    if (!newest) throw new Fault("日志公钥无法读取，不能核验", "the log's key cannot be read");
    const signed = await source.small(TAG_MANIFEST);
    if (!/^(?:[0-9a-f]{64} {2}[^\x00-\x1f\x7f]+\n)+$/.test(latin1(signed)))
      throw new Fault("签名内容不是文件清单", `${TAG_MANIFEST} is not a list of files`);
    if (signature.length !== 64 || !(await verifyEd25519(newest.key, signature, signed))) {
      throw new Fault(
        `签名与 ${TAG_MANIFEST} 不符：清单、签名或密钥被改动`,
        `is not the signature of ${newest.name}+${newest.id} over ${TAG_MANIFEST}`,
      );
    }
  } catch (error) {
    faults.addError(BUNDLE_SIGNATURE, error);
  }
  return faults.check(words(`由 ${newest?.name}（密钥 ${newest?.id}）签名`, `signed by ${newest?.name}+${newest?.id}`));
}
