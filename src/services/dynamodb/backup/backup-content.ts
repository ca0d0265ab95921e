// A backup's items as the bytes of a blob: each item as it is stored, after its length.
import { AssertionFailed } from '../../../base/errors.ts';

const LENGTH_BYTES = 4;

/** Items one after another, as few pieces as there are items. */
export function packItems(items: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const packed = Buffer.allocUnsafe(
    items.reduce((sum, { bytes }) => sum + LENGTH_BYTES + bytes.length, 0),
  );
  let at = 0;
  for (const { bytes } of items) {
    packed.writeUInt32BE(bytes.length, at);
    packed.set(bytes, at + LENGTH_BYTES);
    at += LENGTH_BYTES + bytes.length;
  }
  return packed;
}

/** The items again, whatever pieces the bytes come in. */
export async function* unpackItems(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    while (rest.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + rest.readUInt32BE(at);
      if (end > rest.length) break;
      yield Uint8Array.prototype.slice.call(rest, at + LENGTH_BYTES, end);
      at = end;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new AssertionFailed('a backup ends within an item');
}
