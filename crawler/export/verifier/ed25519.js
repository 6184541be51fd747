// Ed25519 verification, RFC 8032 section 5.1.7: by WebCrypto where the browser has it, else by this code.
// Only verification is here, over public values, so that its running time may depend on them.

const P25519 = 2n ** 255n - 19n;
const L25519 = 2n ** 252n + 27742317777372353535851937790883648493n; // the order of the base point

const modP = (x) => ((x % P25519) + P25519) % P25519;

function powerP(base, exponent) {
  let result = 1n;
  for (let square = modP(base); exponent > 0n; exponent >>= 1n, square = (square * square) % P25519) {
    if (exponent & 1n) result = (result * square) % P25519;
  }
  return result;
}

const inverseP = (x) => powerP(x, P25519 - 2n);
const D25519 = modP(-121665n * inverseP(121666n));
const SQRT_MINUS_ONE = powerP(2n, (P25519 - 1n) / 4n);

const littleEndian = (bytes) => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);

/** RFC 8032 section 5.1.3; null for a text that is not the canonical one of a point. */
function decodePoint(bytes) {
  const number = littleEndian(bytes);
  const sign = number >> 255n;
  const y = number & (2n ** 255n - 1n);
  if (y >= P25519) return null;
  const u = modP(y * y - 1n);
  const v = modP(D25519 * y * y + 1n);
  let x = modP(u * powerP(v, 3n) * powerP(u * powerP(v, 7n), (P25519 - 5n) / 8n));
  if (modP(v * x * x) === modP(-u)) x = modP(x * SQRT_MINUS_ONE);
  if (modP(v * x * x) !== u || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P25519 - x;
  return [x, y, 1n, modP(x * y)];
}

/** RFC 8032 section 5.1.4, extended homogeneous coordinates; complete, so it doubles as well. */
function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modP((y1 - x1) * (y2 - x2));
  const b = modP((y1 + x1) * (y2 + x2));
  const c = modP(2n * t1 * t2 * D25519);
  const d = modP(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modP(e * f), modP(g * h), modP(f * g), modP(e * h)];
}

function multiplyPoint(scalar, point) {
  let result = [0n, 1n, 1n, 0n];
  for (; scalar > 0n; scalar >>= 1n, point = addPoints(point, point)) {
    if (scalar & 1n) result = addPoints(result, point);
  }
  return result;
}

const samePoint = ([x1, y1, z1], [x2, y2, z2]) => modP(x1 * z2 - x2 * z1) === 0n && modP(y1 * z2 - y2 * z1) === 0n;

const BASE_POINT = decodePoint(Uint8Array.from({ length: 32 }, (_, at) => (at ? 0x66 : 0x58)));

/** Without WebCrypto's Ed25519 (its SHA-512 is everywhere). Strict: s < L, canonical points, no cofactor. */
async function verifyEd25519Here(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const [a, r] = [decodePoint(key), decodePoint(signature.subarray(0, 32))];
  const s = littleEndian(signature.subarray(32));
  if (a === null || r === null || s >= L25519) return false;
  const hashed = await crypto.subtle.digest("SHA-512", concat(signature.subarray(0, 32), key, message));
  const k = littleEndian(new Uint8Array(hashed)) % L25519;
  return samePoint(multiplyPoint(s, BASE_POINT), addPoints(r, multiplyPoint(k, a)));
}

// The public key of RFC 8032 section 7.1, TEST 1: only to see whether this browser knows the algorithm.
const PROBE_KEY = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
let ed25519Known = null;

async function hasEd25519() {
  if (ed25519Known === null) {
    ed25519Known = await crypto.subtle.importKey("raw", PROBE_KEY, "Ed25519", false, ["verify"]).then(
      () => true,
      () => false,
    );
  }
  return ed25519Known;
}

/** Whether `signature` (64 bytes) over `message` is that of the 32-byte public key. Never throws. */
async function verifyEd25519(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (!(await hasEd25519())) return verifyEd25519Here(key, signature, message);
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    return false; // not a point: a key that no signature fits
  }
}
