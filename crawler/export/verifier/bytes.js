// Bytes and texts: hexadecimal, strict base64, strict UTF-8. Nothing here repairs what is malformed.

/** A fault in what is verified, in both languages. Caught by the check that it belongs to. */
class Fault extends Error {
  constructor(zh, en) {
    super(en);
    this.zh = zh;
  }
}

/** Something that this page is not able to judge: it leads to "not checked", never to "failed". */
class Unjudged extends Fault {}

const joined = (parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const concat = (...parts) => joined(parts);

const sameBytes = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const encodeText = (text) => new TextEncoder().encode(text);

/** Strict UTF-8; a byte order mark stays in the text. */
function decodeText(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("不是有效的 UTF-8 文本", `${what} is not UTF-8`);
  }
}

/** One character for each byte: for searching in bytes that are mostly ASCII. */
const latin1 = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
};

const toBase64 = (bytes) => btoa(latin1(bytes));

/** Canonical standard base64 only (RFC 4648 section 4, trailing bits zero): one text, one meaning. */
function fromBase64(text, what) {
  let binary = "";
  try {
    binary = atob(text);
  } catch {
    throw new Fault("不是有效的 base64", `${what} is not base64`);
  }
  if (btoa(binary) !== text) {
    throw new Fault("base64 写法不规范", `${what} is not canonical base64`);
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Where `wanted` begins in `bytes` at or after `from`; -1 if nowhere. */
function indexOfBytes(bytes, wanted, from = 0) {
  const last = bytes.length - wanted.length;
  for (let at = bytes.indexOf(wanted[0], from); at >= 0 && at <= last; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Control characters and the like are made visible: the text may come from a hostile file. */
const printable = (text) => {
  const shown = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
  return shown.length > 500 ? shown.slice(0, 500) : shown;
};
