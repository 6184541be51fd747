// The log's part of a bundle: keys, checkpoints, consistency, cosignatures, leaves and their inclusion proofs.

const LOG = "data/log";

/** The bundle's keys, oldest first. */
async function readKeys(source, faults) {
  let keys;
  try {
    keys = parseVkeys(await source.text(`${LOG}/log.vkey`));
  } catch (error) {
    faults.addError(`${LOG}/log.vkey`, error);
    return [];
  }
  const wanted = new Map(keys.map((key) => [`keys/${key.id}.pem`, pemOf(key)]));
  wanted.set("log.pem", pemOf(keys.at(-1)));
  for (const [name, pem] of wanted) {
    try {
      if (!sameBytes(await source.small(`${LOG}/${name}`), pem))
        throw new Fault("不是 log.vkey 中的公钥", "is not the key in log.vkey");
    } catch (error) {
      faults.addError(`${LOG}/${name}`, error);
    }
  }
  for (const name of source.below(`${LOG}/keys`)) {
    if (!wanted.has(`keys/${name}`))
      faults.add(`${LOG}/keys/${name}`, "log.vkey 中没有这个公钥", "no key of log.vkey has this file");
  }
  return keys;
}

/** The signed checkpoints by size; each with its .txt and .sig parts, the newest also as `checkpoint`. */
async function readCheckpoints(source, keys, faults) {
  const notes = new Map();
  if (!keys.length) return notes; // named already: there is nothing to verify with
  for (const name of source.below(`${LOG}/checkpoints`)) {
    const match = /^(0|[1-9][0-9]{0,15})(\.txt|\.sig|)$/.exec(name);
    if (!match) faults.add(`${LOG}/checkpoints/${name}`, "此处不应有这个文件", "no such file belongs here");
    if (!match || match[2]) continue;
    try {
      notes.set(Number(name), await readCheckpoint(source, `${LOG}/checkpoints/${name}`, keys));
    } catch (error) {
      faults.addError(`${LOG}/checkpoints/${name}`, error);
    }
  }
  const newest = notes.get(Math.max(...notes.keys()));
  const copy = source.has(`${LOG}/checkpoint`) ? await source.small(`${LOG}/checkpoint`).catch(() => null) : null;
  if (!newest || !copy || !sameBytes(copy, newest.content))
    faults.add(`${LOG}/checkpoint`, "不是最新的检查点", `is not the newest of ${LOG}/checkpoints`);
  return notes;
}

async function readCheckpoint(source, path, keys) {
  const note = await openCheckpoint(await source.small(path), keys);
  if (!path.endsWith(`/${note.size}`))
    throw new Fault(`内容是长度 ${note.size} 的检查点`, `holds the checkpoint of size ${note.size}`);
  if (!sameBytes(await source.small(`${path}.txt`), encodeText(note.text)))
    throw new Fault(".txt 不是检查点的正文", ".txt is not the text of the note");
  const signature = await source.small(`${path}.sig`);
  if (!note.signers.some((signer) => sameBytes(signer.signature, signature)))
    throw new Fault(".sig 不是检查点的签名", ".sig is not the signature of the note");
  return note;
}

/** Successive checkpoints of the bundle: each is an extension of the one before, RFC 9162 section 2.1.4. */
async function checkConsistency(source, notes) {
  const faults = new Faults("consistency");
  const sizes = [...notes.keys()].sort((a, b) => a - b);
  const files = new Set(source.below(`${LOG}/consistency`));
  for (let at = 1; at < sizes.length; at++) {
    const [before, after] = [notes.get(sizes[at - 1]), notes.get(sizes[at])];
    const where = `${LOG}/consistency/${after.size}`;
    files.delete(String(after.size));
    try {
      const proof = parseAddCheckpoint(await source.small(where));
      if (proof.oldSize !== before.size)
        throw new Fault(
          `起点应为 ${before.size}`,
          `proves from ${proof.oldSize}, the checkpoint before is ${before.size}`,
        );
      if (!sameBytes(proof.note, after.content))
        throw new Fault("所附检查点不是包内的检查点", "its checkpoint is not the one of this bundle");
      verifyConsistency(before.size, before.root, after.size, after.root, proof.path);
    } catch (error) {
      faults.addError(where, error);
    }
  }
  for (const name of files)
    faults.add(`${LOG}/consistency/${name}`, "没有对应的检查点", "there is no checkpoint for it");
  return faults.check(
    words(
      `${notes.size} 个检查点前后一致，未改写历史`,
      `${notes.size} checkpoint(s), each an extension of the one before`,
    ),
  );
}

/** Every leaf with its proof checked: index → {leaf, size}; size null without a good proof. */
async function readLeaves(source, notes, manifests, inclusion) {
  const leaves = new Map();
  const proofs = new Set(source.below(`${LOG}/proofs`));
  const names = source.below(`${LOG}/leaves`);
  for (const name of names) {
    const index = decimal(name.replace(/\.json$/, ""));
    if (index === null || `${index}.json` !== name) {
      manifests.add(`${LOG}/leaves/${name}`, "此处不应有这个文件", "no such file belongs here");
      continue;
    }
    proofs.delete(`${index}.tlog-proof`);
    const included = await readIncluded(source, index, notes, manifests, inclusion);
    if (included) leaves.set(index, included);
  }
  for (const name of proofs) inclusion.add(`${LOG}/proofs/${name}`, "没有对应的日志条目", "there is no leaf for it");
  return new Map([...leaves].sort(([a], [b]) => a - b));
}

async function readIncluded(source, index, notes, manifests, inclusion) {
  let bytes, leaf;
  try {
    bytes = await source.small(`${LOG}/leaves/${index}.json`);
    leaf = readLeaf(bytes);
  } catch (error) {
    manifests.addError(`${LOG}/leaves/${index}.json`, error);
    return null;
  }
  const where = `${LOG}/proofs/${index}.tlog-proof`;
  try {
    return { leaf, size: checkInclusion(await source.small(where), index, leafDigest(bytes), notes) };
  } catch (error) {
    inclusion.addError(`${where}, ${leaf.what}`, error);
    return { leaf, size: null };
  }
}

/**
 * The leaves that redacted captures were made from are in the log, though nobody here sees them (check_originals in
 * crawler/evidence/checks/inclusion.py). Returns how many.
 */
async function checkOriginals(source, leaves, notes, inclusion) {
  const named = new Map();
  const files = new Set(source.below(`${LOG}/originals`));
  for (const [index, { leaf }] of leaves) {
    const redacted = leaf.capture?.redacted;
    if (isNothing(redacted)) continue;
    if (redacted.entry >= index || (named.get(redacted.entry) ?? redacted.leaf) !== redacted.leaf)
      inclusion.add(
        `${LOG}/leaves/${index}.json`,
        "所指原件不在其前，或者有两份",
        "its original is no entry before it, or two",
      );
    if (!named.has(redacted.entry)) named.set(redacted.entry, redacted.leaf);
  }
  for (const [entry, digest] of named) {
    const name = `${entry}.tlog-proof`;
    files.delete(name);
    try {
      const bytes = await source.small(`${LOG}/originals/${name}`);
      checkInclusion(bytes, entry, fromHex(digest.replace("sha256:", "")), notes);
    } catch (error) {
      inclusion.addError(`${LOG}/originals/${name}`, error);
    }
  }
  for (const name of files)
    inclusion.add(`${LOG}/originals/${name}`, "没有据其制成的脱敏副本", "no redacted capture was made from it");
  return named.size;
}

/** `digest`: that of the leaf in the tree. */
function checkInclusion(content, index, digest, notes) {
  const proof = parseTlogProof(content);
  const note = notes.get(decimal(latin1(proof.note.subarray(0, 1000)).split("\n")[1] ?? ""));
  if (!note || !sameBytes(note.content, proof.note))
    throw new Fault(
      "所指检查点不在包内已签名的检查点之中",
      "its checkpoint is not among the signed checkpoints of this bundle",
    );
  if (proof.index !== index)
    throw new Fault(`是序号 ${proof.index} 的证明`, `is for leaf ${proof.index}, not ${index}`);
  verifyUnseen(digest, index, note.size, proof.path, note.root);
  return note.size;
}
