"""How a finding's page looks on A4, and the frame of its HTML file."""

STYLE = """\
@page { size: A4; margin: 12mm 14mm 14mm; }
body { font-size: 9.1pt; line-height: 1.42; }
h1 { font-size: 13.5pt; line-height: 1.4; text-align: left; margin: 1mm 0 2mm; }
h2 { font-size: 10pt; margin: 2.4mm 0 .8mm; border-bottom: .6pt solid #999; }
p, ul { margin: 1mm 0; } ul { padding-left: 5mm; }
table { font-size: 8.5pt; } .fixed { table-layout: fixed; }
.caption { font-weight: bold; break-after: avoid; }
th, td { padding: .6mm 1.2mm; border-color: #999; }
code { font-size: 7.4pt; word-break: break-all; } td code { font-size: 6.4pt; }
.id { white-space: nowrap; }
small { font-size: 7.6pt; color: #7a4b00; }
.head { display: flex; flex-wrap: wrap; gap: 0 4mm; border-bottom: 1.2pt solid #000; font-size: 9pt;
  padding-bottom: 1mm; }
.head b { font-size: 11pt; }
.chain { margin: 1.5mm 0; }
.chain span { border: .8pt solid #999; color: #666; padding: .3mm 2.5mm; }
.chain .here { border-color: #000; background: #000; color: #fff; font-weight: bold; }
.quote { border-left: 2pt solid #999; padding-left: 2.5mm; margin: 1.5mm 0; break-inside: avoid; }
.quote p { margin: .3mm 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.where { font-size: 7.6pt; color: #444; }
mark, .here { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
mark { background: #ffe27a; border-bottom: 1pt solid #8a6d00; }
.around { color: #555; }
figure { margin: 2mm 0; break-inside: avoid; } figure svg { width: 88%; height: auto; }
figcaption { font-size: 7.6pt; color: #444; }
.crop { max-width: 100%; max-height: 60mm; border: .5pt solid #999; }
.brief { font-size: 8.6pt; line-height: 1.36; } .brief table, .brief .law { font-size: 8pt; }
.brief p { margin: .6mm 0; } .brief h2 { margin: 1.6mm 0 .6mm; } .brief .crop { max-height: 34mm; }
.law { font-size: 8.4pt; }
.remains { font-weight: bold; }
.foot { margin-top: 3mm; border-top: .6pt solid #999; font-size: 8pt; color: #333; }
"""
PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font-family: {font}; max-width: 180mm; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }}
table {{ border-collapse: collapse; width: 100%; margin: 2mm 0; }}
th, td {{ border: .5pt solid #999; vertical-align: top; text-align: left; overflow-wrap: anywhere; }}
th {{ background: #eee; }}
tr {{ break-inside: avoid; }}
h2 {{ break-after: avoid; }}
code {{ font-family: "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; overflow-wrap: anywhere; }}
.note {{ font-size: 8.5pt; color: #333; }}
.unchecked {{ border: 1pt solid #b00; color: #b00; padding: 0 1mm; }}
{style}
@page {{ @bottom-center {{ font: 8pt {font};
  content: "{title}　第 " counter(page) " 页，共 " counter(pages) " 页"; }} }}
@media print {{ body {{ max-width: none; margin: 0; padding: 0; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
