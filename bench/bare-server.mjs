// The yardstick: node:http that reads the body and answers a fixed one, and does nothing else.
import { createServer } from 'node:http';

const usual = Buffer.from(process.argv[2] ?? '{}');
const fillers = new Map([['/', usual]]);

// A path that is a number asks for so many bytes.
function answerFor(url) {
  const known = fillers.get(url);
  if (known !== undefined) return known;
  const filler = Buffer.alloc(Number(url.slice(1)), 'x');
  fillers.set(url, filler);
  return filler;
}

const server = createServer((request, response) => {
  const answer = answerFor(request.url);
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': answer.length });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ event: 'ready', endpoint: `http://127.0.0.1:${server.address().port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
