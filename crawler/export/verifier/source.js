// What the user chose or dropped – a folder or a .zip of it – as one thing: names and Blobs.
// A page opened from file:// cannot read its neighbours by itself; the user's choice is what lets it.

const FILE_LIMIT = 200_000; // files in a bundle
const SMALL = 4 << 20; // bytes; notes, tokens, certificates and tag files are far below
const UNPACKED_LIMIT = 4 * 2 ** 30; // bytes of one packed member of a .zip
const UNPACKED_RATIO = 20; // times the .zip itself; WARC records do not shrink further
const BUNDLE_SIGNS = ["bagit.txt", "manifest-sha256.txt", "data/captures.wacz"];

class Source {
  /** `entries`: [name, Blob or packed zip member]. `irregular`: names of links. */
  constructor(label, entries, irregular = []) {
    this.label = label;
    this.files = new Map();
    this.irregular = irregular;
    this.twice = [];
    for (const [name, content] of entries) {
      if (this.files.has(name)) this.twice.push(name);
      this.files.set(name, content);
    }
  }

  has(name) {
    return this.files.has(name);
  }

  sizeOf(name) {
    return this.files.get(name)?.size ?? 0;
  }

  /** Names below `folder`, relative to it, sorted. */
  below(folder) {
    const prefix = `${folder}/`;
    const names = [...this.files.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length)).sort();
  }

  /** The file as a Blob; a packed member of a .zip is unpacked once (the browser keeps large Blobs on disk). */
  async blob(name) {
    const content = this.files.get(name);
    if (content === undefined) throw new Fault("文件缺失", `${name} is missing`);
    if (content instanceof Blob) return content;
    const blob = await unpack(content);
    this.files.set(name, blob);
    return blob;
  }

  /** The content of a file of at most `limit` bytes. */
  async small(name, limit = SMALL) {
    if (this.sizeOf(name) > limit) throw new Fault("文件过大，已拒绝", `${name} has more than ${limit} bytes: refused`);
    const blob = await this.blob(name);
    try {
      return new Uint8Array(await blob.arrayBuffer());
    } catch {
      throw new Fault("文件无法读取", `${name} cannot be read`);
    }
  }

  async text(name) {
    return decodeText(await this.small(name), name);
  }
}

async function unpack(member) {
  if (member.method === ZIP_STORED) return packedBlob(member);
  if (member.size > UNPACKED_LIMIT) {
    throw new Fault(
      "压缩包内文件过大：请先解压，再选择文件夹",
      `${member.name} is too large to unpack here: unpack the zip first`,
    );
  }
  const parts = [];
  for await (const piece of memberPieces(member)) parts.push(new Blob([piece]));
  return new Blob(parts);
}

/** From an <input>: the files of a folder (webkitRelativePath), or one .zip. */
async function sourceOfFiles(files) {
  if (files.length === 1 && !files[0].webkitRelativePath) return sourceOfZip(files[0]);
  if (files.length > FILE_LIMIT) throw TOO_MANY_FILES;
  return rooted(
    files.map((file) => [file.webkitRelativePath, file]),
    { inFolder: true },
  );
}

const TOO_MANY_FILES = new Fault("文件过多", `more than ${FILE_LIMIT} files: this is no bundle`);
const UNREADABLE_DROP = new Fault(
  "浏览器不允许读取拖入的文件夹，请改用“选择文件夹”按钮",
  "the browser does not let this page read what was dropped: use the button instead",
);

/**
 * From a drop. Handles first: Chromium gives a page from file:// no FileSystemEntry that can be read, and other
 * browsers have no handles. Both have to be asked for before the event is over.
 */
function sourceOfDrop(items) {
  const dropped = [...items]
    .filter((item) => item.kind === "file")
    .map((item) => ({ handle: item.getAsFileSystemHandle?.(), entry: item.webkitGetAsEntry?.() }));
  return readDropped(dropped).catch((error) => {
    throw error instanceof Fault ? error : UNREADABLE_DROP;
  });
}

async function readDropped(dropped) {
  const roots = await Promise.all(dropped.map(async ({ handle, entry }) => (await handle?.catch(() => null)) ?? entry));
  const entries = [];
  const waiting = roots.filter(Boolean).map((node) => [node.name, node]);
  if (waiting.length === 1 && isFileNode(waiting[0][1])) return sourceOfZip(await fileOf(waiting[0][1]));
  const inFolder = waiting.length === 1;
  while (waiting.length) {
    const [path, node] = waiting.pop();
    if (isFileNode(node)) entries.push([path, await fileOf(node)]);
    else for (const child of await childrenOf(node)) waiting.push([`${path}/${child.name}`, child]);
    if (entries.length + waiting.length > FILE_LIMIT) throw TOO_MANY_FILES;
  }
  return rooted(entries, { inFolder });
}

const isFileNode = (node) => node.isFile ?? node.kind === "file";

const fileOf = (node) => (node.getFile ? node.getFile() : new Promise((resolve, reject) => node.file(resolve, reject)));

/** Of a FileSystemDirectoryHandle, or of a FileSystemDirectoryEntry (which gives at most 100 at a time). */
async function childrenOf(folder) {
  const children = [];
  if (folder.values) {
    for await (const child of folder.values()) children.push(child);
    return children;
  }
  const reader = folder.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return children;
    children.push(...batch);
  }
}

async function sourceOfZip(file) {
  const members = (await readZip(file)).filter((member) => !member.name.endsWith("/"));
  if (members.reduce((sum, { size }) => sum + size, 0) > UNPACKED_LIMIT + UNPACKED_RATIO * file.size) {
    throw new Fault(
      "压缩包解压后过大，已拒绝：请先解压，再选择文件夹",
      "the zip would unpack to too much: unpack it first",
    );
  }
  const isLink = (member) => (member.mode & 0xf000) === 0xa000; // Unix mode in the high half, 4.4.15
  const links = members.filter(isLink).map((member) => member.name);
  const entries = members.filter((member) => !isLink(member)).map((member) => [member.name, member]);
  return rooted(entries, { links, label: file.name });
}

/**
 * Find the bundle's folder: what was chosen, or the one bundle in it. `inFolder`: every name begins with the
 * folder that was chosen; without anything before the signs that folder is called “data”, one too deep.
 */
function rooted(entries, { inFolder = false, links = [], label = "" }) {
  const prefix = bundlePrefix(entries.map(([name]) => name));
  if (prefix === null || (inFolder && prefix === "")) {
    throw new Fault(
      "这里没有证据包：请选择 bagit.txt 所在的文件夹（即 data 文件夹的上一级）",
      "no bundle here: choose the folder that holds bagit.txt (the one above “data”)",
    );
  }
  const inside = entries
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, content]) => [name.slice(prefix.length), content]);
  const irregular = links.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return new Source([label, prefix.replace(/\/$/, "")].filter(Boolean).join(" / ") || "—", inside, irregular);
}

function bundlePrefix(names) {
  const prefixes = new Set();
  for (const name of names) {
    const sign = BUNDLE_SIGNS.find((candidate) => name === candidate || name.endsWith(`/${candidate}`));
    if (sign) prefixes.add(name.slice(0, name.length - sign.length));
  }
  // More than one sign, so that a bundle that lost one is still told for what it is, and fails its checks.
  const depth = (prefix) => prefix.split("/").length;
  const shallow = [...prefixes].sort((a, b) => depth(a) - depth(b));
  if (shallow.length > 1 && depth(shallow[0]) === depth(shallow[1])) {
    throw new Fault("这里有多个证据包：请只选择其中一个文件夹", "several bundles: choose the folder of one of them");
  }
  return shallow[0] ?? null;
}
