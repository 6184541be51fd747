// The page: what the user chooses, the progress, the result. Everything is shown through textContent.

const byId = (id) => document.getElementById(id);

/** An element with a class and children (texts or elements). */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

/** Chinese first, English below it. */
const both = ({ zh, en }, tag = "div") => make(tag, "", zh && make("span", "zh", zh), en && make("span", "en", en));

const VERDICTS = {
  passed: words("全部通过", "All checks passed"),
  failed: words("核验未通过", "Verification FAILED"),
  "not-checked": words("未发现问题，但有项目未核验", "Nothing failed, but not everything could be checked here"),
};

async function run(opening) {
  for (const id of ["result", "trouble"]) byId(id).hidden = true;
  byId("working").hidden = false;
  setState("working");
  setBusy(true);
  try {
    const anchors = { vkeys: byId("vkeys").value, roots: byId("roots").value };
    const started = performance.now();
    const report = await verifyBundle(await opening(), anchors, showProgress);
    showReport(report, performance.now() - started);
  } catch (error) {
    showTrouble(
      error instanceof Fault
        ? words(error.zh, error.message)
        : words("核验中断：浏览器无法读取文件", `stopped: ${error}`),
    );
  } finally {
    byId("working").hidden = true;
    setBusy(false);
  }
}

/** For style sheets and for tests: idle, working, done, trouble. */
const setState = (state) => {
  document.documentElement.dataset.state = state;
};

function setBusy(busy) {
  for (const id of ["folder", "zip"]) byId(id).disabled = busy;
}

function showProgress(done, total) {
  byId("progress").max = total || 1;
  byId("progress").value = done;
  byId("percent").textContent =
    `${total ? Math.floor((done / total) * 100) : 0} %（${mebibytes(done)} / ${mebibytes(total)}）`;
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function showTrouble(told) {
  byId("trouble").replaceChildren(both(told));
  byId("trouble").hidden = false;
  setState("trouble");
  byId("trouble").scrollIntoView();
}

function showReport(report, milliseconds) {
  const json = JSON.stringify(report, null, 2);
  globalThis.__report = JSON.parse(json);
  byId("report").textContent = json;
  byId("verdict").className = `verdict ${report.status}`;
  byId("verdict").replaceChildren(both(VERDICTS[report.status]), make("p", "counts", counts(report)));
  byId("about").replaceChildren(
    aboutLine("核验对象", "subject", printable(report.subject)),
    aboutLine("核验时间", "verified", beijing(Date.now())),
    aboutLine("用时", "took", `${(milliseconds / 1000).toFixed(1)} s`),
    aboutLine("核验程序", "verifier", `verifier.html ${FACTS.version}`),
  );
  byId("checks").replaceChildren(...report.checks.map(checkRow));
  byId("times").replaceChildren(...report.rows.slice(0, 2000).map(timeRow));
  byId("keys").replaceChildren(...report.keys.map(keyRow));
  byId("result").hidden = false;
  setState("done");
  byId("result").scrollIntoView();
}

function counts(report) {
  const count = (status) => report.checks.filter((check) => check.status === status).length;
  return `通过 ${count("passed")} 项 · 未通过 ${count("failed")} 项 · 未核验 ${count("not-checked")} 项`;
}

const aboutLine = (zh, en, value) => make("div", "", make("dt", "", zh, make("span", "en", en)), make("dd", "", value));

function titleOf(name) {
  const [zh, en] = splitOnce(FACTS.titles[name] ?? name, " / ");
  return words(zh, en);
}

function checkRow(check, at) {
  const [zh, en] = STATUS_WORDS[check.status];
  const told = make("td", "told", both(check.detail));
  if (check.problems.length) told.append(make("ul", "problems", ...check.problems.map(problemItem)));
  if (check.remedy.zh)
    told.append(make("p", "remedy", "→ ", make("span", "zh", check.remedy.zh), make("span", "en", check.remedy.en)));
  if (check.commands) told.append(commandList(check.commands));
  return make(
    "tr",
    check.status,
    make("td", "number", String(at + 1)),
    make("td", "name", both(titleOf(check.name))),
    make("td", "mark", make("span", "badge", zh), make("span", "en", en)),
    told,
  );
}

const problemItem = ({ where, zh, en }) =>
  make("li", "", make("code", "", where), make("span", "zh", zh), make("span", "en", en));

const commandList = (commands) =>
  make(
    "details",
    "commands",
    make("summary", "", `命令 / commands（${commands.length}）`),
    make("pre", "", commands.slice(0, 200).join("\n\n")),
  );

function timeRow({ index, capture, notBefore, notAfter }) {
  const bound = (side, word) =>
    make(
      "td",
      "",
      side ? `${word} ${beijing(side.time)}` : "无 / none",
      side && make("ul", "tokens", ...side.tokens.map(tokenItem)),
    );
  return make(
    "tr",
    "",
    make("td", "number", String(index)),
    make(
      "td",
      "address",
      make("span", "zh", printable(capture.url)),
      make("span", "en", `${FACTS.statesZh[capture.state]} · ${printable(capture.id)}`),
    ),
    bound(notBefore, "不早于"),
    bound(notAfter, "不晚于"),
  );
}

const JUDGED = { path: "签名和证书链已核验", signature: "签名与所附证书相符，证书链未核验", none: "签名未核验" };
const tokenItem = ({ authority, token }) =>
  make(
    "li",
    "",
    `${printable(authority)}：${beijing(token.time)}`,
    make(
      "span",
      "en",
      `${token.subject}；策略 policy ${token.policy}；序列号 serial ${token.serial}；${JUDGED[token.judged]}${token.why ? `（${token.why.zh}）` : ""}`,
    ),
  );

const keyRow = ({ role, name, key_id, fingerprint, remark }) =>
  make(
    "tr",
    "",
    make("td", "", { witness: "见证 witness", wacz: "WACZ 签名", log: "日志 log" }[role]),
    make("td", "address", name),
    make("td", "", make("code", "", key_id)),
    make("td", "address", make("code", "", fingerprint)),
    make("td", "", { newest: "现用 newest", earlier: "曾用 earlier" }[remark] ?? ""),
  );

function saveReport() {
  const url = URL.createObjectURL(new Blob([byId("report").textContent], { type: "application/json" }));
  const link = make("a", "");
  [link.href, link.download] = [url, "verification-report.json"];
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function listen() {
  for (const id of ["folder", "zip"]) {
    byId(id).addEventListener("change", ({ target }) => {
      const files = [...target.files];
      target.value = ""; // so that the same folder can be chosen again
      if (files.length) run(() => sourceOfFiles(files));
    });
  }
  const zone = document.body;
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const opening = sourceOfDrop(event.dataTransfer.items); // the items are gone after this turn
    opening.catch(() => undefined); // told by run
    run(() => opening);
  });
  byId("save").addEventListener("click", saveReport);
  byId("print").addEventListener("click", () => print());
}

const broken = await selfTest();
if (broken) {
  showTrouble(broken);
  setBusy(true);
} else {
  listen();
  setState("idle");
  // For tests, and for whoever wants to try the parts by hand in the console.
  globalThis.evidenceVerifier = Object.freeze({
    Sha256,
    Sm3,
    crc32,
    toHex,
    fromHex,
    concat,
    verifyEd25519,
    verifyEd25519Here,
    hasEd25519,
    verifyInclusion,
    verifyConsistency,
    canonicalJson,
    readZip,
    readMember,
    namedFields,
    readLeaf,
    checkHandedOver,
    readDerAll,
    derChildren,
  });
}
