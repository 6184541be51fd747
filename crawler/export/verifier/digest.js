// SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016) in pieces, and CRC-32 (RFC 1952 section 8).
// WebCrypto digests only what is in memory as a whole; a file of 2 GB has to pass through in pieces.

const PIECE = 4 << 20; // bytes read from a file at a time

/** What the two hash functions share: 64-byte blocks, and padding with the length in bits at the end. */
class BlockHash {
  constructor(initial) {
    this.state = Int32Array.from(initial);
    this.pending = new Uint8Array(64);
    this.length = 0; // bytes so far
  }

  update(bytes) {
    let at = 0;
    const held = this.length % 64;
    this.length += bytes.length;
    if (held) {
      at = Math.min(64 - held, bytes.length);
      this.pending.set(bytes.subarray(0, at), held);
      if (held + at < 64) return this;
      this.compress(this.pending, 0, 1);
    }
    const blocks = (bytes.length - at) >> 6;
    this.compress(bytes, at, blocks);
    this.pending.set(bytes.subarray(at + blocks * 64));
    return this;
  }

  /** FIPS 180-4 section 5.1.1: a one bit, zeros, and the length as 64 bits. */
  digest() {
    const bits = this.length * 8;
    const padding = new Uint8Array((this.length % 64 < 56 ? 56 : 120) - (this.length % 64) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer, padding.length - 8);
    view.setUint32(0, Math.floor(bits / 2 ** 32));
    view.setUint32(4, bits % 2 ** 32);
    this.update(padding);
    const out = new Uint8Array(32);
    this.state.forEach((word, index) => new DataView(out.buffer).setInt32(index * 4, word));
    return out;
  }
}

/** The first 32 bits of the fractional part of a root of a prime, FIPS 180-4 sections 4.2.2 and 5.3.3. */
function rootFractions(count, exponent) {
  const fractions = [];
  for (let candidate = 2; fractions.length < count; candidate++) {
    if (fractions.primes?.some((prime) => candidate % prime === 0)) continue;
    fractions.primes = [...(fractions.primes ?? []), candidate];
    fractions.push(((candidate ** exponent % 1) * 2 ** 32) | 0);
  }
  return fractions;
}

const SHA256_K = Int32Array.from(rootFractions(64, 1 / 3));
const SHA256_START = rootFractions(8, 1 / 2);

class Sha256 extends BlockHash {
  constructor() {
    super(SHA256_START);
    this.w = new Int32Array(64);
  }

  /** FIPS 180-4 section 6.2.2, for `count` blocks from `at`. */
  compress(bytes, at, count) {
    const { w, state } = this;
    const k = SHA256_K;
    for (; count > 0; count--, at += 64) {
      for (let t = 0, p = at; t < 16; t++, p += 4) {
        w[t] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      }
      for (let t = 16; t < 64; t++) {
        const x = w[t - 15];
        const y = w[t - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
      }
      let a = state[0],
        b = state[1],
        c = state[2],
        d = state[3];
      let e = state[4],
        f = state[5],
        g = state[6],
        h = state[7];
      for (let t = 0; t < 64; t++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[t] + w[t]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      state[0] += a;
      state[1] += b;
      state[2] += c;
      state[3] += d;
      state[4] += e;
      state[5] += f;
      state[6] += g;
      state[7] += h;
    }
  }
}

const SM3_START = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
const rotate = (x, n) => (x << (n & 31)) | (x >>> (32 - (n & 31)));
const SM3_T = Int32Array.from({ length: 64 }, (_, j) =>
  j % 32 ? rotate(j < 16 ? 0x79cc4519 : 0x7a879d8a, j) : j < 16 ? 0x79cc4519 : 0x7a879d8a,
);

class Sm3 extends BlockHash {
  constructor() {
    super(SM3_START);
    this.w = new Int32Array(68);
  }

  /** GB/T 32905-2016 section 5.3, for `count` blocks from `at`. */
  compress(bytes, at, count) {
    const { w, state } = this;
    for (; count > 0; count--, at += 64) {
      for (let j = 0, p = at; j < 16; j++, p += 4) {
        w[j] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      }
      for (let j = 16; j < 68; j++) {
        const u = w[j - 3];
        const v = w[j - 13];
        const x = w[j - 16] ^ w[j - 9] ^ ((u << 15) | (u >>> 17));
        w[j] = x ^ ((x << 15) | (x >>> 17)) ^ ((x << 23) | (x >>> 9)) ^ ((v << 7) | (v >>> 25)) ^ w[j - 6];
      }
      let a = state[0],
        b = state[1],
        c = state[2],
        d = state[3];
      let e = state[4],
        f = state[5],
        g = state[6],
        h = state[7];
      for (let j = 0; j < 64; j++) {
        const a12 = (a << 12) | (a >>> 20);
        const sum = (a12 + e + SM3_T[j]) | 0;
        const ss1 = (sum << 7) | (sum >>> 25);
        const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
        const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
        const tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) | 0;
        const tt2 = (gg + h + ss1 + w[j]) | 0;
        d = c;
        c = (b << 9) | (b >>> 23);
        b = a;
        a = tt1;
        h = g;
        g = (f << 19) | (f >>> 13);
        f = e;
        e = tt2 ^ ((tt2 << 9) | (tt2 >>> 23)) ^ ((tt2 << 17) | (tt2 >>> 15));
      }
      state[0] ^= a;
      state[1] ^= b;
      state[2] ^= c;
      state[3] ^= d;
      state[4] ^= e;
      state[5] ^= f;
      state[6] ^= g;
      state[7] ^= h;
    }
  }
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of what came before (`crc`, 0 at first) and `bytes`. */
function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (let at = 0; at < bytes.length; at++) crc = CRC_TABLE[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const sha256 = (bytes) => new Sha256().update(bytes).digest();
const sha256Label = (bytes) => `sha256:${toHex(sha256(bytes))}`;
const sm3Label = (bytes) => `sm3:${toHex(new Sm3().update(bytes).digest())}`;

/** The pieces of a Blob, in order, never more than PIECE bytes in memory. */
async function* piecesOf(blob) {
  for (let at = 0; at < blob.size; at += PIECE) {
    yield new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer());
  }
}
