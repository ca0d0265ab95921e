// Who holds which entry: others skip held entries instead of waiting for them.

export interface Claims {
  /** Takes the entry for `holder`; false when another holds it. */
  take(key: string, holder: object): boolean;
  /** Ends all claims of `holder`. */
  release(holder: object): void;
}

export function createClaims(): Claims {
  const holders = new Map<string, object>();
  const keysOf = new Map<object, string[]>();

  return {
    take(key, holder) {
      const current = holders.get(key);
      if (current !== undefined) return current === holder;
      holders.set(key, holder);
      const keys = keysOf.get(holder);
      if (keys === undefined) keysOf.set(holder, [key]);
      else keys.push(key);
      return true;
    },
    release(holder) {
      for (const key of keysOf.get(holder) ?? []) holders.delete(key);
      keysOf.delete(holder);
    },
  };
}
