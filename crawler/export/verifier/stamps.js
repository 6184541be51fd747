// Timestamp tokens over checkpoints, witnesses' cosignatures, and between which times each capture lies.

const [STAMPS, TRUST, COSIGNATURES] = ["data/stamps", "data/trust", "data/log/cosignatures"];
const TOKEN_FILES = /^([^/]+)\/([A-Za-z0-9-]+)\.(?:tsq|tsr|chain\.pem)$/;

const MOST_TOKENS = 10_000;
const TOLERANCE = 600_000; // milliseconds by which the clock of a collecting machine may be wrong

/**
 * Read every token: [{size, authority, digest, token}], and what leaves may commit to (size → note digest and
 * token digests). `roots`: fingerprints that the user typed in.
 */
async function readStamps(source, notes, roots, faults) {
  const stamps = [];
  const seals = new Map(
    [...notes].map(([size, note]) => [size, { note: sha256Label(note.content), tokens: new Set() }]),
  );
  for (const [folder, authority] of stampNames(source, faults)) {
    const where = `${STAMPS}/${folder}/${authority}`;
    const note = notes.get(decimal(folder) ?? -1);
    try {
      if (!note) throw new Fault("没有这个长度的检查点", "there is no checkpoint of this size");
      const [tsr, tsq, chain] = await Promise.all(
        [".tsr", ".tsq", ".chain.pem"].map((end) => source.small(where + end)),
      );
      const token = await readToken(tsr, tsq, chain, note.content, roots);
      const digest = sha256Label(tsr);
      if (seals.get(note.size).tokens.has(digest))
        throw new Fault("与另一名称下的时间戳相同，只计一次", "the same token is there under another name");
      stamps.push({ size: note.size, authority, digest, token });
      seals.get(note.size).tokens.add(digest);
    } catch (error) {
      faults.addError(`${where}.tsr`, error);
      if (error instanceof Unjudged) seals.get(note.size).tokens.add(sha256Label(await source.small(`${where}.tsr`)));
    }
  }
  return { stamps, seals };
}

function stampNames(source, faults) {
  const names = new Map();
  for (const name of source.below(STAMPS)) {
    const match = TOKEN_FILES.exec(name);
    if (match) names.set(`${match[1]}/${match[2]}`, [match[1], match[2]]);
    else faults.add(`${STAMPS}/${name}`, "此处不应有这个文件", "no such file belongs here");
  }
  if (names.size > MOST_TOKENS) faults.add(STAMPS, "时间戳过多", `more than ${MOST_TOKENS} tokens: the rest is not read`);
  return [...names.values()].slice(0, MOST_TOKENS);
}

const opensslOf = ({ size, authority }) =>
  `openssl ts -verify -in ${STAMPS}/${size}/${authority}.tsr -data ${LOG}/checkpoints/${size} -CAfile ${TRUST}/${authority}.pem -untrusted ${STAMPS}/${size}/${authority}.chain.pem`;

const OPENSSL_TOLD = words(
  "请在证据包文件夹内执行下列命令核验其签名和证书链；或者填写从时间戳机构另行取得的根证书指纹，再次核验",
  "run the commands below in the bundle's folder, or give the fingerprints of the authorities' roots above",
);

function checkTimestamps(stamps, faults) {
  if (faults.count) return faults.check(NO_WORDS);
  const commands = stamps.filter(({ token }) => token.judged !== "path").map(opensslOf);
  const unread = faults.unjudged.map(({ where, zh }) => `${where}（${zh}）`).join("；");
  if (!stamps.length) {
    return notChecked(
      "timestamps",
      words(`没有可读的时间戳${unread ? `：${unread}` : ""}`, "there is no readable timestamp token"),
      words("请索取运行 `evidence seal` 之后导出的证据包", "ask for a bundle exported after `evidence seal`"),
    );
  }
  if (!commands.length && !faults.unjudged.length) {
    return makeCheck(
      "timestamps",
      "passed",
      words(
        `${stamps.length} 个时间戳的签名及至您所给根证书的证书链均核验无误`,
        `${stamps.length} token(s) verify up to the roots that you gave`,
      ),
    );
  }
  const signed = stamps.filter(({ token }) => token.judged !== "none").length;
  const detail = words(
    `${stamps.length} 个时间戳：所盖摘要、随机数、时间、证书用途相符，其中 ${signed} 个的签名与所附证书相符；证书链未核验${unread ? `；不能判断：${unread}` : ""}`,
    `${stamps.length} token(s): imprint, nonce, time and purpose agree, ${signed} signature(s) fit the certificate carried; the path to a root is not checked here`,
  );
  return notChecked("timestamps", detail, OPENSSL_TOLD, { commands });
}

function checkValidity(stamps, now) {
  if (!stamps.length) return notChecked("validity", words("没有可核验的时间戳", "there is no token that verified"));
  if (stamps.some(({ token }) => token.judged !== "path")) {
    return notChecked(
      "validity",
      words(
        "证书链未核验，不能判断有效期；请用 evidence verify 或 openssl",
        "certificate paths are not checked here: use evidence verify or openssl",
      ),
    );
  }
  const bySize = groupBy(stamps, ({ size }) => size);
  const ends = (list) => list.map(({ token }) => Math.min(...token.path.map((certificate) => certificate.until)));
  const first = Math.min(...[...bySize.values()].map((list) => Math.max(...ends(list))));
  if (first < now)
    return notChecked(
      "validity",
      words(
        "有检查点的时间戳证书已到期；是否在到期前续盖，本页不判断",
        "certificates of tokens have ended; whether they were renewed in time is not judged here",
      ),
    );
  return makeCheck(
    "validity",
    "passed",
    words(`至 ${beijing(first)} 有效`, `valid until ${new Date(first).toISOString()}`),
  );
}

function groupBy(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    if (!groups.has(keyOf(item))) groups.set(keyOf(item), []);
    groups.get(keyOf(item)).push(item);
  }
  return groups;
}

/** Times for people: 北京时间 with the zone. */
const beijing = (time) => {
  const at = new Date(time + 8 * 3600_000).toISOString();
  return `${at.slice(0, 4)}年${at.slice(5, 7)}月${at.slice(8, 10)}日 ${at.slice(11, 19)}（北京时间 UTC+8）`;
};

/**
 * Between which times each capture lies. Not before: the earliest of the tokens that its leaf names (later ones
 * over the same checkpoint prove nothing about it). Not after: of the checkpoints that cover it the one that was
 * stamped first, as its latest token says. So each side holds as long as one of the authorities is honest.
 */
function captureTimes(leaves, stamps) {
  const bracketOf = brackets(stamps);
  return [...leaves]
    .filter(([, { leaf }]) => leaf.capture)
    .map(([index, { leaf }]) => ({ index, capture: leaf.capture, ...bracketOf(index, leaf.after) }));
}

function brackets(stamps) {
  const bySize = groupBy(stamps, ({ size }) => size);
  const upper = [...bySize]
    .map(([size, list]) => boundOf(size, list, Math.max))
    .sort((a, b) => a.time - b.time || a.checkpoint - b.checkpoint);
  return (index, after) => {
    const named = (bySize.get(after?.size) ?? []).filter(({ digest }) => after.tokens.includes(digest));
    const notBefore = named.length ? boundOf(after.size, named, Math.min) : null;
    return { notBefore, notAfter: upper.find(({ checkpoint }) => checkpoint > index) ?? null };
  };
}

/** A time that a leaf states (UTC, microseconds), in milliseconds; NaN for anything else. */
const statedTime = (text) =>
  Date.parse(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text) ? `${text.slice(0, 23)}Z` : "");

/**
 * What leaves say of their own times must not contradict the tokens around them (crawler/evidence/checks/claims.py):
 * neither the tokens that they name and that cover them, nor those that earlier entries of the log name.
 */
function checkClaims(leaves, stamps, faults) {
  const bracketOf = brackets(stamps);
  let floor = -Infinity;
  for (const [index, { leaf }] of leaves) {
    const [began, done] = leaf.capture ? [leaf.capture.started, leaf.capture.ended] : [leaf.event.time, leaf.event.time];
    const [started, ended] = [statedTime(began), statedTime(done)];
    const { notBefore, notAfter } = bracketOf(index, leaf.after);
    const early = started < (notBefore?.time ?? -Infinity) - TOLERANCE || ended < floor - TOLERANCE;
    const late = Math.max(started, ended) > (notAfter?.time ?? Infinity) + TOLERANCE;
    if (!Number.isFinite(started + ended) || early || late)
      faults.add(
        `${LOG}/leaves/${index}.json, ${leaf.what}`,
        `自述时间（${began} 至 ${done}）与时间戳矛盾`,
        `says ${began} to ${done}, which the tokens around it, or named before it in the log, contradict`,
      );
    floor = Math.max(floor, notBefore?.time ?? -Infinity);
  }
}

function boundOf(checkpoint, stamps, pick) {
  const tokens = [...stamps].sort((a, b) => a.token.time - b.token.time || compareText(a.authority, b.authority));
  return { checkpoint, time: pick(...tokens.map(({ token }) => token.time)), tokens };
}

function timeFacts(rows) {
  const rfc3339 = (time) => new Date(time).toISOString().replace("Z", "000Z"); // with microseconds, as crawler.clock
  const tokenFacts = ({ authority, token }) => ({
    authority,
    time: rfc3339(token.time),
    policy: token.policy,
    serial: token.serial,
    subject: token.subject,
    verified_by: token.judged === "path" ? ["WebCrypto"] : [],
  });
  const boundFacts = (bound) =>
    bound && { time: rfc3339(bound.time), checkpoint: bound.checkpoint, tokens: bound.tokens.map(tokenFacts) };
  return rows.map(({ index, capture, notBefore, notAfter }) => ({
    capture: capture.id,
    entry: index,
    url: capture.url,
    state: capture.state,
    not_before: boundFacts(notBefore),
    not_after: boundFacts(notAfter),
  }));
}

function checkSealed(leaves, stamps) {
  const [stamped, verified] = [new Set(), new Set()];
  for (const { size, token } of stamps) {
    stamped.add(size);
    if (token.judged === "path") verified.add(size);
  }
  const without = (sizes) => [...leaves].filter(([, { size }]) => !sizes.has(size)).map(([index]) => index);
  if (leaves.size && !without(verified).length)
    return makeCheck("sealed", "passed", words("各条均有核验通过的时间戳", "a verified timestamp covers every leaf"));
  const open = without(stamped);
  if (open.length || !leaves.size)
    return notChecked(
      "sealed",
      words(
        `没有时间戳覆盖日志序号 ${open.slice(0, 20).join("、")}`,
        `no timestamp covers leaves ${open.slice(0, 20).join(", ")}`,
      ),
    );
  return notChecked(
    "sealed",
    words(
      "各条均有时间戳覆盖；时间戳的证书链须另行核验（见“可信时间戳”）",
      "a token covers every leaf; its certificate path is to be checked elsewhere",
    ),
  );
}

function checkBracket(rows, leaves, stamps) {
  const faults = new Faults("bracket");
  checkClaims(leaves, stamps, faults);
  if (faults.count) return faults.check(NO_WORDS);
  const until = rows.map(({ notAfter }) => notAfter?.time).filter(Number.isFinite);
  if (!until.length) return notChecked("bracket", words("没有可信时间：没有时间戳", "no trusted time: no token"));
  const since = rows.map(({ notBefore }) => notBefore?.time).filter(Number.isFinite);
  const [first, last] = [Math.min(...since), Math.max(...until)];
  const unbounded = rows.length - since.length;
  const also =
    unbounded && since.length
      ? words(`；其中 ${unbounded} 次采集无下限`, `; ${unbounded} capture(s) have no lower bound`)
      : NO_WORDS;
  const span = since.length
    ? words(
        `不早于 ${beijing(first)}，不晚于 ${beijing(last)}${also.zh}`,
        `not before ${new Date(first).toISOString()}, not after ${new Date(last).toISOString()}${also.en}`,
      )
    : words(`无下限，不晚于 ${beijing(last)}`, `no lower bound, not after ${new Date(last).toISOString()}`);
  if (stamps.every(({ token }) => token.judged === "path")) return makeCheck("bracket", "passed", span);
  return notChecked(
    "bracket",
    words(
      `时间戳所载：${span.zh}；时间戳的证书链须另行核验`,
      `as the tokens say: ${span.en}; their certificate paths are to be checked elsewhere`,
    ),
  );
}

/**
 * Cosignatures where there are any; null where no witness is named. Also gives the witnesses' keys. Anybody can make
 * a key and call it a witness: passed only where one that signed is among `given`, which the user typed in.
 */
async function checkWitnesses(source, notes, given) {
  const [faults, keys, seen] = [new Faults("witnesses"), [], new Map()];
  for (const name of source.below(TRUST).filter((file) => /^witness-[a-z0-9-]+\.vkey$/.test(file))) {
    try {
      keys.push(...parseVkeys(await source.text(`${TRUST}/${name}`), COSIGNATURE_TYPE));
    } catch (error) {
      faults.addError(`${TRUST}/${name}`, error);
    }
  }
  const files = source.below(COSIGNATURES);
  if (!keys.length && !files.length && !faults.count) return [null, keys];
  for (const name of files) await readCosignatures(source, name, notes, keys, seen, faults);
  const signed = keys.filter((key) => seen.has(printable(key.name)));
  const vouched = signed.some((key) => given.some(({ line }) => line === key.line));
  const told = [...seen].map(([name, time]) => `${name}（${beijing(time * 1000)}）`).join("、");
  if (!faults.count && !seen.size)
    return [
      notChecked(
        "witnesses",
        words(`有 ${keys.length} 个见证人的公钥，尚无见证签名`, `${keys.length} witness key(s), no cosignature yet`),
      ),
      keys,
    ];
  if (!faults.count && !vouched)
    return [
      notChecked(
        "witnesses",
        words(
          `${seen.size} 个见证人共同签名：${told}；但见证公钥取自证据包本身，不能说明是谁`,
          `cosigned by ${[...seen.keys()].join(", ")}, but their keys come from the bundle itself`,
        ),
        words("将另行取得的见证公钥一并填入上方的公钥框", "give the witnesses' vkeys, obtained elsewhere, above too"),
      ),
      keys,
    ];
  return [
    faults.check(
      words(
        `${seen.size} 个见证人共同签名：${told}；时间为见证人自述`,
        `cosigned by ${[...seen.keys()].join(", ")} (their own clocks)`,
      ),
    ),
    keys,
  ];
}

async function readCosignatures(source, name, notes, keys, seen, faults) {
  const where = `${COSIGNATURES}/${name}`;
  try {
    const note = notes.get(decimal(name.split("/")[0]) ?? -1);
    if (!note) throw new Fault("没有这个长度的检查点", "there is no checkpoint of this size");
    const lines = (await source.text(where)).split("\n");
    if (lines.pop() !== "" || lines.length > MAX_SIGNATURES)
      throw new Fault("签名行不完整或过多", "not whole signature lines");
    for (const line of lines) {
      const [{ name: signer, id }] = parseSignatureLines(`${line}\n`);
      const key = keys.find((known) => known.name === signer && known.id === id);
      if (!key) throw new Fault(`没有见证人 ${signer} 的公钥`, `signed by ${signer}: no key for it in trust/`);
      if (note.signers.some(({ verifier }) => sameBytes(verifier.key, key.key)))
        throw new Fault("见证人就是日志自己的密钥", "it is the log's own key: a log is no witness of itself");
      const twin = keys.find((other) => seen.has(printable(other.name)) && sameBytes(other.key, key.key));
      if (twin && twin.name !== key.name) continue; // one key is one witness, under however many names
      seen.set(printable(signer), Math.max(seen.get(signer) ?? 0, await openCosignature(line, key, note.text)));
    }
  } catch (error) {
    faults.addError(where, error);
  }
}
