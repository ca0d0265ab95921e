// Which runtime identifiers exist, and which of them may still be created.
// <developer guide, "Lambda runtimes", deprecation table as of November 2026>

/** Accepted on create and update, in the order AWS lists them in its refusal. */
export const RUNTIMES: readonly string[] = [
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'python3.10',
  'python3.11',
  'python3.12',
  'python3.13',
  'python3.14',
  'java8.al2',
  'java11',
  'java17',
  'java21',
  'java25',
  'dotnet8',
  'dotnet10',
  'ruby3.2',
  'ruby3.3',
  'ruby3.4',
  'provided.al2',
  'provided.al2023',
];

/** Deprecated but still common in templates: accepted here with the newest sibling's engine. */
const DEPRECATED_RUNTIMES: readonly string[] = [
  'nodejs14.x',
  'nodejs16.x',
  'nodejs18.x',
  'python3.7',
  'python3.8',
  'python3.9',
  'java8',
  'dotnet6',
  'ruby2.7',
  'provided',
  'go1.x',
];

export function isKnownRuntime(runtime: string): boolean {
  return RUNTIMES.includes(runtime) || DEPRECATED_RUNTIMES.includes(runtime);
}
