// Merkle trees over SHA-256: RFC 6962 section 2.1, verification by RFC 9162 sections 2.1.3.2 and 2.1.4.2.
// Sizes and indexes are safe integers (below 2^53), so divisions by two replace shifts of 32 bits.

const leafDigest = (leaf) => sha256(concat(Uint8Array.of(0), leaf));
const nodeDigest = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
const EMPTY_ROOT = sha256(new Uint8Array(0));

const isOdd = (number) => number % 2 === 1;
const halved = (number) => Math.floor(number / 2);

/** Throws a Fault unless `path` leads from the leaf's bytes to `root`. */
function verifyInclusion(leaf, index, size, path, root) {
  verifyUnseen(leafDigest(leaf), index, size, path, root);
}

/** The same for a leaf of which only the digest in the tree is known. */
function verifyUnseen(digest, index, size, path, root) {
  if (index >= size) throw new Fault("序号超出日志长度", `no leaf ${index} in a tree of ${size}`);
  let [position, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) throw new Fault("包含证明过长", `inclusion proof for leaf ${index} of ${size} is too long`);
    if (isOdd(position) || position === last) {
      digest = nodeDigest(sibling, digest);
      while (position && !isOdd(position)) [position, last] = [halved(position), halved(last)];
    } else {
      digest = nodeDigest(digest, sibling);
    }
    [position, last] = [halved(position), halved(last)];
  }
  if (last) throw new Fault("包含证明过短", `inclusion proof for leaf ${index} of ${size} is too short`);
  if (!sameBytes(digest, root)) {
    throw new Fault(
      "该条不在已签名的日志之中",
      `leaf ${index} is not in the tree of ${size}: its path leads to another root`,
    );
  }
}

/** Throws a Fault unless the old tree is a prefix of the new one. */
function verifyConsistency(oldSize, oldRoot, newSize, newRoot, path) {
  if (oldSize > newSize) throw new Fault("新旧检查点次序颠倒", `a tree of ${newSize} cannot extend one of ${oldSize}`);
  if (oldSize === 0 || oldSize === newSize) {
    verifyTrivialConsistency(oldSize, oldRoot, newRoot, path);
    return;
  }
  const [before, after] = consistencyRoots(oldSize, oldRoot, newSize, path);
  if (!sameBytes(before, oldRoot) || !sameBytes(after, newRoot)) {
    throw new Fault(
      "前后两个检查点不一致：其间有条目被改动、删除或调换",
      `the trees of ${oldSize} and ${newSize} leaves are not consistent: entries were changed, dropped or reordered`,
    );
  }
}

function verifyTrivialConsistency(oldSize, oldRoot, newRoot, path) {
  const rootIsWrong = !sameBytes(oldRoot, oldSize === 0 ? EMPTY_ROOT : newRoot);
  if (path.length || rootIsWrong) {
    throw new Fault("一致性证明有误", `consistency proof from ${oldSize}: path or root is wrong`);
  }
}

/** The two roots that the path leads to; `oldRoot` begins it where the old size is a power of two. */
function consistencyRoots(oldSize, oldRoot, newSize, path) {
  let [position, last] = [oldSize - 1, newSize - 1];
  while (isOdd(position)) [position, last] = [halved(position), halved(last)];
  const steps = position ? [...path] : [oldRoot, ...path];
  if (!steps.length) throw new Fault("一致性证明为空", `consistency proof from ${oldSize} to ${newSize} is empty`);
  let before = steps[0];
  let after = steps[0];
  for (const sibling of steps.slice(1)) {
    if (last === 0) throw new Fault("一致性证明过长", `consistency proof from ${oldSize} to ${newSize} is too long`);
    if (isOdd(position) || position === last) {
      [before, after] = [nodeDigest(sibling, before), nodeDigest(sibling, after)];
      while (position && !isOdd(position)) [position, last] = [halved(position), halved(last)];
    } else {
      after = nodeDigest(after, sibling);
    }
    [position, last] = [halved(position), halved(last)];
  }
  if (last) throw new Fault("一致性证明过短", `consistency proof from ${oldSize} to ${newSize} is too short`);
  return [before, after];
}
