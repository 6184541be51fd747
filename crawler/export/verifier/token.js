// Timestamp tokens (RFC 3161 sections 2.4.1 and 2.4.2) over the notes of checkpoints.
// What a token says is read and compared always. Its signature (CMS, RFC 5652) is verified with the key in
// the certificate that it carries; whose certificate that is, only a root that the user brings can tell.

const [SIGNED_DATA, TST_INFO] = ["1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"];
const [ATTR_CONTENT_TYPE, ATTR_DIGEST] = ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"];
const ESS_CERT_IDS = { "1.2.840.113549.1.9.16.2.12": "SHA-1", "1.2.840.113549.1.9.16.2.47": "SHA-256" };
const SM3_OID = "1.2.156.10197.1.401";

/** The parts of a TimeStampResp that was granted. */
function openResponse(tsr) {
  const [status, content] = sequenceOf(readDerAll(tsr), "TimeStampResp");
  const granted = integerOf(sequenceOf(status, "status")[0], "status");
  if (granted !== 0n && granted !== 1n) throw new Fault("时间戳机构拒绝签发", `the TSA refused: status ${granted}`);
  const [type, wrapped] = sequenceOf(content, "token");
  if (oidOf(type, "content type") !== SIGNED_DATA)
    throw new Fault("时间戳不是 SignedData", "the token is not SignedData");
  const [, , encapsulated, ...rest] = sequenceOf(readDerAll(expectDer(wrapped, 0xa0, "SignedData").body), "SignedData");
  const [innerType, octets] = sequenceOf(encapsulated, "encapContentInfo");
  if (oidOf(innerType, "content type") !== TST_INFO)
    throw new Fault("签名内容不是 TSTInfo", "the signed content is not a TSTInfo");
  const inner = readDerAll(expectDer(octets, 0xa0, "eContent").body);
  if (inner.tag === 0x24)
    throw new Unjudged("BER 分段编码，本页不能判断", "BER with a segmented string: this page reads DER only");
  const signers = derChildren(expectDer(rest.at(-1), DER.set, "signerInfos"));
  if (signers.length !== 1)
    throw new Fault("签名人不是恰好一个", `the token has ${signers.length} signers, not exactly one`);
  const carried = rest.find((element) => element.tag === 0xa0);
  const certificates = carried ? derChildren(carried).filter((choice) => choice.tag === DER.sequence) : [];
  return {
    content: expectDer(inner, DER.octets, "TSTInfo").body,
    certificates: certificates.slice(0, 50).map((choice) => readCertificate(choice.whole)),
    signer: readSignerInfo(signers[0]),
  };
}

/** RFC 5652 section 5.3 */
function readSignerInfo(element) {
  const [, sid, digestAlgorithm, ...rest] = sequenceOf(element, "SignerInfo");
  const attributes = expectDer(rest.shift(), 0xa0, "signedAttrs");
  const values = new Map();
  for (const attribute of derChildren(attributes)) {
    const [type, set] = sequenceOf(attribute, "attribute");
    values.set(oidOf(type, "attribute"), derChildren(expectDer(set, DER.set, "attribute values")));
  }
  return {
    sid,
    digestOid: oidOf(sequenceOf(digestAlgorithm, "digestAlgorithm")[0], "digestAlgorithm"),
    signed: concat(Uint8Array.of(DER.set), attributes.whole.subarray(1)), // 5.4: digested as a SET OF
    values,
    algorithm: oidOf(sequenceOf(rest.shift(), "signatureAlgorithm")[0], "signatureAlgorithm"),
    signature: expectDer(rest.shift(), DER.octets, "signature").body,
  };
}

function readTstInfo(bytes) {
  const [version, policy, imprint, serial, time, ...rest] = sequenceOf(readDerAll(bytes), "TSTInfo");
  if (integerOf(version, "version") !== 1n) throw new Fault("TSTInfo 版本不是 1", "TSTInfo version is not 1");
  const nonce = rest.find((element) => element.tag === DER.integer);
  return {
    policy: oidOf(policy, "policy"),
    ...readImprint(imprint),
    serial: integerOf(serial, "serialNumber").toString(),
    time: timeOf(time, "genTime"),
    nonce: nonce ? integerOf(nonce, "nonce") : null,
  };
}

function readImprint(element) {
  const [algorithm, digest] = sequenceOf(element, "messageImprint");
  return {
    imprintOid: oidOf(sequenceOf(algorithm, "hashAlgorithm")[0], "hashAlgorithm"),
    imprint: expectDer(digest, DER.octets, "hashedMessage").body,
  };
}

/** RFC 3161 section 2.4.1 */
function readQuery(tsq) {
  const [, imprint, ...rest] = sequenceOf(readDerAll(tsq), "TimeStampReq");
  const nonce = rest.find((element) => element.tag === DER.integer);
  return { ...readImprint(imprint), nonce: nonce ? integerOf(nonce, "nonce") : null };
}

async function digestByOid(oid, content) {
  if (oid === SM3_OID) return new Sm3().update(content).digest();
  const name = HASH_OIDS[oid];
  if (!name || name === "SHA-1")
    throw new Fault("摘要算法未知或过弱", `imprint algorithm ${oid} is unknown or too weak`);
  return new Uint8Array(await crypto.subtle.digest(name, content));
}

function signerCertificate({ sid }, certificates) {
  if (sid.tag === 0x80)
    throw new Unjudged(
      "以密钥标识指名签名人，本页不能判断",
      "the signer is named by a key identifier: not supported by this page",
    );
  const [issuer, serial] = sequenceOf(sid, "issuerAndSerialNumber");
  const found = certificates.find(
    (certificate) => certificate.issuer === toHex(issuer.whole) && certificate.serial === toHex(serial.body),
  );
  if (!found) throw new Fault("时间戳中没有签名人的证书", "the signer's certificate is not in the token");
  return found;
}

/** RFC 3161 section 2.4.1, RFC 5035: a signed attribute names the signer's certificate by its digest. */
async function checkEssCertId(signer, certificate) {
  let named = false;
  for (const [oid, standard] of Object.entries(ESS_CERT_IDS)) {
    const values = signer.values.get(oid);
    if (!values) continue;
    const [first] = sequenceOf(sequenceOf(values[0], "SigningCertificate")[0], "certs");
    const parts = sequenceOf(first, "ESSCertID");
    const own = parts[0].tag === DER.sequence ? HASH_OIDS[oidOf(derChildren(parts.shift())[0], "hash")] : standard;
    if (!own) throw new Fault("ESSCertID 所用摘要算法未知", "ESSCertID uses an unknown digest algorithm");
    const digest = new Uint8Array(await crypto.subtle.digest(own, certificate.der));
    if (!sameBytes(digest, expectDer(parts[0], DER.octets, "certHash").body)) {
      throw new Fault("ESSCertID 指名的是另一张证书", "ESSCertID names another certificate than the signer's");
    }
    named = true;
  }
  if (!named) throw new Fault("缺少 ESSCertID：签名证书可被调换", "the token has no ESSCertID");
}

/** RFC 5652 section 5.4: the attributes name the content by type and digest, the signature is over them. */
async function checkCmsSignature(signer, certificate, content) {
  const [digest] = signer.values.get(ATTR_DIGEST) ?? [];
  const [type] = signer.values.get(ATTR_CONTENT_TYPE) ?? [];
  if (oidOf(type, "contentType") !== TST_INFO)
    throw new Fault("签名属性与内容不符", "the signed attributes name another content type");
  const actual = await digestByOid(signer.digestOid, content);
  if (!sameBytes(actual, expectDer(digest, DER.octets, "messageDigest").body)) {
    throw new Fault("签名内容被改动", "the content of the token is not what was signed");
  }
  if (!(await verifyWithSpki(certificate.spki, signer.algorithm, signer.digestOid, signer.signature, signer.signed))) {
    throw new Fault("时间戳的签名不正确", "the signature of the token is wrong");
  }
}

/**
 * Read and compare a token. Returns what it says, and `judged`: "path" if its signature leads to a root the
 * user typed in, "signature" if only the signature itself was verified, "none" if the browser cannot.
 */
async function readToken(tsr, tsq, chain, note, roots) {
  const response = openResponse(tsr);
  const facts = readTstInfo(response.content);
  if (!sameBytes(facts.imprint, await digestByOid(facts.imprintOid, note))) {
    throw new Fault("时间戳针对的是别的内容", "the token is for other content than this checkpoint");
  }
  const query = readQuery(tsq);
  if (!sameBytes(query.imprint, facts.imprint))
    throw new Fault("请求与时间戳内容不同", "the query is for other content than the token");
  if (query.nonce !== null && query.nonce !== facts.nonce)
    throw new Fault(
      "随机数与请求不符",
      `the token answers another query: nonce ${facts.nonce}, asked with ${query.nonce}`,
    );
  const certificate = signerCertificate(response.signer, response.certificates);
  requireStampingOnly(certificate);
  await checkEssCertId(response.signer, certificate);
  const token = {
    ...facts,
    subject: certificate.subjectName,
    until: certificate.until,
    judged: "none",
    why: null,
    path: [],
  };
  try {
    await judgeSignature(token, response, certificate, chain, roots);
  } catch (error) {
    if (!(error instanceof Unjudged)) throw error;
    token.why = words(error.zh, error.message);
  }
  return token;
}

async function judgeSignature(token, response, certificate, chain, roots) {
  await checkCmsSignature(response.signer, certificate, response.content);
  token.judged = "signature";
  const helpers = [...response.certificates, ...certificatesInPem(chain).map(readCertificate)];
  const path = await findPath(certificate, helpers, roots, token.time);
  if (path) [token.judged, token.path] = ["path", path];
}
