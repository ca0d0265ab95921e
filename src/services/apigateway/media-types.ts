// Which media types an API treats as binary.

/** @param binaryTypes exact types and patterns: all of them, `*` and `image/*`. */
export function isBinary(mediaType: string | undefined, binaryTypes: readonly string[]): boolean {
  const type = (mediaType ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  return binaryTypes.some((binary) => {
    if (binary === '*/*' || binary === '*') return true;
    if (binary.endsWith('/*')) return type.startsWith(binary.slice(0, -1).toLowerCase());
    return type === binary.toLowerCase();
  });
}
