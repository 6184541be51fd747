"""A timestamp token signed with SM2/SM3, as domestic authorities issue them: made by hand, because no tool can.

`openssl ts -reply` fails with an SM2 key, so the parts are put together with asn1crypto and only the signature is
openssl's. It is a good one: `openssl pkeyutl -verify` says so before it is used.
"""

import secrets
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509
from asn1crypto.util import timezone

SM3, SM2_SM3 = "1.2.156.10197.1.401", "1.2.156.10197.1.501"
_ID = "distid:1234567812345678"  # the default of GM/T 0009


class Sm2Authority:
    """A self-made SM2 root and TSA certificate, and tokens under them."""

    def __init__(self, folder: Path, name: str = "tsa-sm2") -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True)
        extensions = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ]
        self._key("root")
        _run(folder, "req", "-x509", "-new", "-key", "root.key", "-sm3", "-sigopt", _ID, "-days", "3650",
             "-subj", f"/O={name}/CN={name} Root", "-out", "root.pem", *extensions)  # fmt: skip
        self._key("tsa")
        _run(folder, "req", "-new", "-key", "tsa.key", "-sm3", "-sigopt", _ID, "-subj", f"/CN={name}",
             "-out", "tsa.csr")  # fmt: skip
        (folder / "ext").write_text("extendedKeyUsage=critical,timeStamping\n")
        _run(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-sm3",
             "-CAcreateserial", "-sigopt", _ID, "-vfyopt", _ID, "-days", "3650", "-extfile", "ext",
             "-outform", "DER", "-out", "tsa.der")  # fmt: skip

    @property
    def trust_pem(self) -> bytes:
        """The root."""
        return (self.folder / "root.pem").read_bytes()

    def reply(self, query: bytes) -> bytes:
        """The response to a query."""
        asked = tsp.TimeStampReq.load(query)
        facts: Any = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": asked["message_imprint"],
                "serial_number": secrets.randbits(63),
                "gen_time": datetime.now(UTC).replace(microsecond=0),
                "nonce": asked["nonce"].native,
            }
        )
        signer = x509.Certificate.load((self.folder / "tsa.der").read_bytes())
        attributes = self._attributes(facts.dump(), signer)
        sm3 = algos.DigestAlgorithm({"algorithm": SM3})
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [sm3],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": cms.ParsableOctetString(facts.dump()),
                },
                "certificates": [cms.CertificateChoices(name="certificate", value=signer)],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.SignerIdentifier(
                            name="issuer_and_serial_number",
                            value={"issuer": signer.issuer, "serial_number": signer.serial_number},
                        ),
                        "digest_algorithm": sm3,
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": SM2_SM3},
                        "signature": self._sign(attributes.dump()),
                    }
                ],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        response = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return bytes(response.dump())

    def _attributes(self, facts: bytes, signer: x509.Certificate) -> cms.CMSAttributes:
        identifier = tsp.ESSCertIDv2(
            {"hash_algorithm": {"algorithm": SM3}, "cert_hash": self._sm3(signer.dump())}
        )
        return cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [self._sm3(facts)]},
                {
                    "type": "signing_time",
                    "values": [cms.Time(name="utc_time", value=datetime.now(timezone.utc))],
                },
                {"type": "signing_certificate_v2", "values": [{"certs": [identifier]}]},
            ]
        )

    def _sign(self, content: bytes) -> bytes:
        (self.folder / "attributes").write_bytes(content)
        common = ["-rawin", "-digest", "sm3", "-pkeyopt", _ID, "-in", "attributes"]
        _run(self.folder, "pkeyutl", "-sign", "-inkey", "tsa.key", *common, "-out", "signature")
        _run(self.folder, "pkey", "-in", "tsa.key", "-pubout", "-out", "tsa.pub")
        _run(
            self.folder, "pkeyutl", "-verify", "-pubin", "-inkey", "tsa.pub", *common, "-sigfile", "signature"
        )
        return (self.folder / "signature").read_bytes()

    def _sm3(self, content: bytes) -> bytes:
        command = ["openssl", "dgst", "-sm3", "-binary"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout

    def _key(self, stem: str) -> None:
        _run(self.folder, "genpkey", "-algorithm", "SM2", "-out", f"{stem}.key")


def as_gm(tsr: bytes) -> bytes:
    """The same token under the content types of GM/T 0010, which no common tool reads."""
    response: Any = tsp.TimeStampResp.load(tsr)
    plain = core.ObjectIdentifier("1.2.840.113549.1.7.2").dump()
    ours = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.2").dump()
    token = response["time_stamp_token"].dump()
    content = bytes(cms.ContentInfo.load(token).contents).replace(plain, ours, 1)
    wrapped = core.Sequence(contents=content)
    outer = response["status"].dump() + wrapped.dump()
    return bytes(core.Sequence(contents=outer).dump())


def _run(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)
