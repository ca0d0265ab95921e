// Looks names from outside up in a table of ours: `toString` and `__proto__` are in none of them.

export function ownEntry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
