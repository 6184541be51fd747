// What a verification found: the same names, titles, order and outcomes as `evidence verify`
// (crawler/evidence/report.py). Three outcomes and never two: what is missing must not look valid.

const MOST_NAMED = 50; // faults listed per check: enough to act on, and a bound on what a hostile bundle prints
const STATUS_WORDS = {
  passed: ["通过", "passed"],
  failed: ["未通过", "FAILED"],
  "not-checked": ["未核验", "not checked"],
};
const EXIT_CODES = { passed: 0, failed: 1, "not-checked": 3 };

const words = (zh, en) => ({ zh, en });
const NO_WORDS = words("", "");
const ASK = words("请索取另一份证据包，并保留本份", "ask for another copy of the bundle, and keep this one");

/** Collects the faults of one check: remembers the first MOST_NAMED and counts the rest. */
class Faults {
  constructor(name) {
    this.name = name;
    this.count = 0;
    this.named = [];
    this.unjudged = [];
  }

  /** `where` names file, record or entry. */
  add(where, zh, en) {
    this.count++;
    if (this.named.length < MOST_NAMED) {
      this.named.push({ where: printable(where), zh: printable(zh), en: printable(en) });
    }
  }

  /** Note a caught error. What is not a Fault comes of input that no reader foresaw: it fails the check too. */
  addError(where, error) {
    if (!(error instanceof Fault)) this.add(where, "内容无法解析", `cannot be read: ${error}`);
    else if (error instanceof Unjudged)
      this.unjudged.push({ where: printable(where), zh: printable(error.zh), en: printable(error.message) });
    else this.add(where, error.zh, error.message);
  }

  /** Passed with the sentence `good` when nothing was noted. */
  check(good, remedy = ASK) {
    if (!this.count && this.unjudged.length) {
      const [{ where, zh, en }] = this.unjudged;
      return notChecked(this.name, words(`${where}：${zh}`, `${where}: ${en}`));
    }
    if (!this.count) return makeCheck(this.name, "passed", good);
    const left = this.count - this.named.length;
    const more = left ? words(`（另有 ${left} 处未列出）`, ` (${left} more not listed)`) : NO_WORDS;
    const detail = words(`${this.count} 处问题${more.zh}`, `${this.count} fault(s)${more.en}`);
    return makeCheck(this.name, "failed", detail, remedy, this.named);
  }
}

const makeCheck = (name, status, detail, remedy = NO_WORDS, problems = [], extra = {}) => ({
  name,
  status,
  detail,
  remedy,
  problems,
  ...extra,
});
const notChecked = (name, detail, remedy = NO_WORDS, extra = {}) =>
  makeCheck(name, "not-checked", detail, remedy, [], extra);

class Report {
  /** `times` rest on verified tokens only; `claimed` on what all tokens say. */
  constructor(subject, checks, keys, times, claimed) {
    Object.assign(this, { subject, checks, keys, times, claimed });
  }

  get status() {
    const statuses = this.checks.map((check) => check.status);
    if (!statuses.length || statuses.includes("failed")) return "failed";
    return statuses.includes("not-checked") ? "not-checked" : "passed";
  }

  /** The fields of Report.to_json (format web-evidence-report/1), and who made it. */
  toJSON() {
    return {
      format: "web-evidence-report/1",
      kind: "bundle",
      subject: this.subject,
      at: null,
      result: this.status,
      exit_code: EXIT_CODES[this.status],
      checks: this.checks.map((check) => ({
        name: check.name,
        status: check.status,
        detail: check.detail.en,
        remedy: check.remedy.en,
        problems: check.problems.map(({ where, en }) => (where ? `${where}: ${en}` : en).slice(0, 500)),
        detail_zh: check.detail.zh,
        remedy_zh: check.remedy.zh,
      })),
      keys: this.keys,
      times: this.times,
      claimed_times: this.claimed,
      verifier: `web-evidence verifier.html ${FACTS.version}`,
    };
  }
}
