"""The check ``organisation-signature``: a CMS signature by an organisation's certificate, where there is one."""

from collections.abc import Sequence
from datetime import datetime

from crawler import clock
from crawler.errors import FormatError
from crawler.evidence.organisation import Signer, is_national, read_signer, verify_cms
from crawler.evidence.report import Check, KeyFacts, Words, failed, not_checked, passed

NAME = "organisation-signature"
_ASK = Words("请向签名机构索取未经改动的证据包", "ask the organisation that signed for an unaltered bundle")
_GIVE_ROOT = Words(
    "取得签发该证书的 CA 的根证书，放入 --trust 文件夹（organisation*.pem）",
    "get the root of the CA that issued it and put it into the --trust folder (organisation*.pem)",
)
_OTHER_TOOL = Words(
    "用支持国密算法的工具核验该签名", "verify the signature with a tool that knows SM2 and SM3"
)


def check_organisation(
    signature: bytes, content: bytes, roots: Sequence[bytes], at: datetime | None = None
) -> tuple[Check, KeyFacts | None]:
    """Judge a signature (DER) over `content`; returns the check, and the certificate for the report's keys.

    `roots` are PEM files that the *verifier* gave: without any, the certificate's facts are stated and the check is
    *not checked*. `at` is the time at which the certificates must be valid: the bracket's time, or now.
    """
    try:
        signer = read_signer(signature)
    except FormatError as error:
        if is_national(signature):
            return not_checked(NAME, _national("GM/T 0010"), _OTHER_TOOL), None
        return failed(NAME, str(error), _ASK), None
    found = certificate_facts(signer)
    if not signer.judged:
        return not_checked(NAME, _national(signer.algorithm), _OTHER_TOOL), found
    if not roots:
        return not_checked(NAME, _unanchored(signer), _GIVE_ROOT), found
    try:
        verify_cms(signature, content, roots, at)
    except FormatError as error:
        return failed(NAME, f"{error} (signed by {signer.subject})", _ASK), found
    except OSError as error:
        reason = Words(f"无法运行 openssl：{error}", f"openssl could not be run: {error}")
        return not_checked(NAME, reason), found
    return passed(NAME, _who(signer)), found


def certificate_facts(signer: Signer) -> KeyFacts:
    """The certificate for a report: subject, fingerprint of the DER, issuer and validity."""
    first, last = clock.stamp(signer.not_before), clock.stamp(signer.not_after)
    remark = f"issued by {signer.issuer}; valid from {first} to {last}"
    since, until = clock.beijing(first), clock.beijing(last)
    remark_zh = f"由 {signer.issuer} 签发，有效期自 {since} 至 {until}"
    return KeyFacts("organisation", signer.subject, "", signer.fingerprint, remark, remark_zh)


def _who(signer: Signer) -> Words:
    zh = f"签名人 {signer.subject}，签发者 {signer.issuer}，证书 SHA-256 {signer.fingerprint[7:]}"
    en = f"signed by {signer.subject}, issuer {signer.issuer}, certificate {signer.fingerprint}"
    return Words(f"{zh}；未查询吊销状态", f"{en}; revocation is not looked up")


def _unanchored(signer: Signer) -> Words:
    who = _who(signer)
    return Words(f"未给出 CA 根证书，不能核验；{who.zh}", f"no root of a CA was given; {who.en}")


def _national(algorithm: str) -> Words:
    return Words(
        f"该签名使用本工具不能核验的算法（{algorithm}，如国密 SM2）",
        f"the signature uses an algorithm that is not verified here ({algorithm}, such as SM2)",
    )
