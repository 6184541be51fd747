// Certificates (RFC 5280) and the signatures over them and by them, judged by WebCrypto.
// A path is followed only upwards, from the signer to a root whose SHA-256 fingerprint the user typed in.

const HASH_OIDS = {
  "1.3.14.3.2.26": "SHA-1",
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
// signature algorithm → [family, hash]; hash null: the digest algorithm that stands beside it
const SIGNATURE_OIDS = {
  "1.2.840.113549.1.1.1": ["RSA", null],
  "1.2.840.113549.1.1.11": ["RSA", "SHA-256"],
  "1.2.840.113549.1.1.12": ["RSA", "SHA-384"],
  "1.2.840.113549.1.1.13": ["RSA", "SHA-512"],
  "1.2.840.10045.2.1": ["EC", null],
  "1.2.840.10045.4.3.2": ["EC", "SHA-256"],
  "1.2.840.10045.4.3.3": ["EC", "SHA-384"],
  "1.2.840.10045.4.3.4": ["EC", "SHA-512"],
};
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48], "1.3.132.0.35": ["P-521", 66] };
const EXTENSIONS = { basicConstraints: "2.5.29.19", keyUsage: "2.5.29.15", extendedKeyUsage: "2.5.29.37" };
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const MAX_PATH = 8;

/** What a certificate says. Nothing in it is verified. */
function readCertificate(der) {
  const [tbs, algorithm, signature] = sequenceOf(readDerAll(der), "certificate");
  const fields = sequenceOf(tbs, "tbsCertificate");
  if (fields[0]?.tag === 0xa0) fields.shift(); // version
  const [serial, , issuer, validity, subject, spki, ...rest] = fields;
  const [from, until] = sequenceOf(validity, "validity");
  const wrapped = rest.find((field) => field.tag === 0xa3);
  return {
    der,
    tbs: tbs.whole,
    algorithm: oidOf(sequenceOf(algorithm, "signatureAlgorithm")[0], "signatureAlgorithm"),
    signature: expectDer(signature, DER.bits, "signature").body.subarray(1),
    serial: toHex(expectDer(serial, DER.integer, "serialNumber").body),
    issuer: toHex(expectDer(issuer, DER.sequence, "issuer").whole),
    subject: toHex(expectDer(subject, DER.sequence, "subject").whole),
    subjectName: nameOf(subject),
    from: timeOf(from, "notBefore"),
    until: timeOf(until, "notAfter"),
    spki: expectDer(spki, DER.sequence, "subjectPublicKeyInfo"),
    extensions: readExtensions(wrapped),
    fingerprint: toHex(sha256(der)),
  };
}

function readExtensions(wrapped) {
  const extensions = new Map();
  if (wrapped === undefined) return extensions;
  for (const extension of sequenceOf(readDerAll(wrapped.body), "extensions")) {
    const parts = sequenceOf(extension, "extension");
    const oid = oidOf(parts[0], "extension");
    if (extensions.has(oid)) throw derFault("an extension stands twice");
    extensions.set(oid, { critical: parts.length === 3, value: expectDer(parts.at(-1), DER.octets, "extnValue").body });
  }
  return extensions;
}

function isAuthority(certificate) {
  const constraints = certificate.extensions.get(EXTENSIONS.basicConstraints);
  if (!constraints) return false;
  const [flag] = derChildren(readDerAll(constraints.value));
  return flag?.tag === 0x01 && flag.body[0] === 0xff;
}

/** RFC 3161 section 2.3: one purpose, timestamping, in a critical extension; and never a CA. */
function requireStampingOnly(certificate) {
  const usage = certificate.extensions.get(EXTENSIONS.extendedKeyUsage);
  const purposes = usage ? derChildren(readDerAll(usage.value)).map((purpose) => oidOf(purpose, "purpose")) : [];
  if (!usage?.critical || purposes.length !== 1 || purposes[0] !== TIME_STAMPING) {
    throw new Fault("证书并非时间戳专用", `${certificate.subjectName}: the certificate is not for timestamping only`);
  }
  if (isAuthority(certificate))
    throw new Fault("时间戳由 CA 证书签发", `${certificate.subjectName}: the token is signed by a CA certificate`);
}

const unknownAlgorithm = (oid) =>
  new Unjudged(`本页不支持的算法 ${oid}`, `algorithm ${oid} is not supported by this page`);

/** An ECDSA signature as DER (RFC 3279 section 2.2.3) in the form that WebCrypto wants, r ‖ s. */
function rawEcdsa(der, size) {
  const numbers = sequenceOf(readDerAll(der), "ECDSA signature").map((number) => integerOf(number, "r, s"));
  if (numbers.length !== 2 || numbers.some((number) => number < 0n || number >= 1n << BigInt(8 * size)))
    throw derFault("ECDSA signature");
  return fromHex(numbers.map((number) => number.toString(16).padStart(2 * size, "0")).join(""));
}

/** Whether `signature` over `message` is that of the key in `spki` (an element). Throws Unjudged. */
async function verifyWithSpki(spki, oid, digestOid, signature, message) {
  const [family, named] = SIGNATURE_OIDS[oid] ?? [];
  const hash = named ?? HASH_OIDS[digestOid];
  if (!family || !hash || hash === "SHA-1") throw unknownAlgorithm(named === null ? digestOid : oid);
  const [keyAlgorithm] = sequenceOf(spki, "subjectPublicKeyInfo");
  const [keyOid, parameters] = sequenceOf(keyAlgorithm, "key algorithm");
  let [importAs, verifyAs, raw] = [{ name: "RSASSA-PKCS1-v1_5", hash }, { name: "RSASSA-PKCS1-v1_5" }, signature];
  if (family === "EC") {
    const [namedCurve, size] = CURVES[oidOf(parameters, "curve")] ?? [];
    if (!namedCurve) throw unknownAlgorithm(oidOf(parameters, "curve"));
    [importAs, verifyAs, raw] = [{ name: "ECDSA", namedCurve }, { name: "ECDSA", hash }, rawEcdsa(signature, size)];
  } else if (oidOf(keyOid, "key") !== "1.2.840.113549.1.1.1") throw unknownAlgorithm(oidOf(keyOid, "key"));
  let key;
  try {
    key = await crypto.subtle.importKey("spki", spki.whole, importAs, false, ["verify"]);
  } catch {
    throw new Unjudged("浏览器不能载入该公钥", "the browser cannot load this public key");
  }
  return crypto.subtle.verify(verifyAs, key, raw, message);
}

const KNOWN_CRITICAL = new Set(Object.values(EXTENSIONS));

/** RFC 5280 section 6.1.3 (a)(1,2) and 6.1.4 (k, l, n, o), as far as a short timestamp path needs them. */
function requireFitAt(certificate, time, below) {
  if (time < certificate.from || time > certificate.until) {
    throw new Fault("签发时证书不在有效期内", `${certificate.subjectName} was not valid at the time of the token`);
  }
  const unknown = [...certificate.extensions].find(([oid, { critical }]) => critical && !KNOWN_CRITICAL.has(oid));
  if (unknown)
    throw new Unjudged(
      `证书含本页不认识的关键扩展 ${unknown[0]}`,
      `${certificate.subjectName}: critical extension ${unknown[0]}`,
    );
  if (below < 0) return; // the signer itself
  if (!isAuthority(certificate)) throw new Fault("上级证书不是 CA 证书", `${certificate.subjectName} is not a CA`);
  const usage = certificate.extensions.get(EXTENSIONS.keyUsage);
  if (usage && !(expectDer(readDerAll(usage.value), DER.bits, "keyUsage").body[1] & 0x04)) {
    throw new Fault("上级证书不得签发证书", `${certificate.subjectName} may not sign certificates`);
  }
  const constraints = derChildren(readDerAll(certificate.extensions.get(EXTENSIONS.basicConstraints).value));
  if (constraints[1] && integerOf(constraints[1], "pathLen") < BigInt(below)) {
    throw new Fault("证书链过长", `${certificate.subjectName}: the path below it is too long`);
  }
}

/** The path from `signer` to a certificate whose fingerprint is in `roots`, each signature verified; or null. */
async function findPath(signer, helpers, roots, time) {
  requireFitAt(signer, time, -1);
  const path = [signer];
  while (!roots.has(path.at(-1).fingerprint)) {
    const last = path.at(-1);
    const issuers = helpers.filter((helper) => helper.subject === last.issuer && !path.includes(helper));
    const issuer = await firstThatSigned(issuers, last, roots);
    if (!issuer || path.length > MAX_PATH) return null;
    requireFitAt(issuer, time, path.length - 1);
    path.push(issuer);
  }
  return path;
}

async function firstThatSigned(issuers, certificate, roots) {
  const anchored = (issuer) => (roots.has(issuer.fingerprint) ? 0 : 1);
  for (const issuer of issuers.sort((a, b) => anchored(a) - anchored(b)).slice(0, MAX_PATH)) {
    if (await verifyWithSpki(issuer.spki, certificate.algorithm, null, certificate.signature, certificate.tbs))
      return issuer;
  }
  return null;
}
