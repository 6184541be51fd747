// A page over HTTP/2 with its own key and certificate: node http2_site.js KEY CERTIFICATE. Prints its port.
'use strict';
const fs = require('fs');
const http2 = require('http2');

const PAGES = {
  '/': ['text/html; charset=utf-8', '<!doctype html><meta charset=utf-8><title>二代协议</title><p>第二代协议上的评价</p><script src=/more.js></script>'],
  '/more.js': ['text/javascript; charset=utf-8', "document.body.append('脚本也经第二代协议')"],
};
const [key, cert] = process.argv.slice(2).map(name => fs.readFileSync(name));
const server = http2.createSecureServer({key, cert});
server.on('stream', (stream, fields) => {
  const [kind, body] = PAGES[fields[':path']] || ['text/plain', ''];
  stream.on('error', () => stream.close());
  stream.respond({':status': body ? 200 : 404, 'content-type': kind, 'x-shop': 'seven'});
  stream.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume(); // ends with the test, however that ends
