// Streams of bytes that are wanted whole.

export async function collectBytes(
  source: AsyncIterable<Uint8Array | string>,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
