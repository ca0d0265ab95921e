// What is thrown for an event pattern that breaks the grammar.

/** The message is that of AWS's Event Ruler, without the position in the text. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
