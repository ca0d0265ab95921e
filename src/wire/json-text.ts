// A part of an answer that is JSON already.

/**
 * Stands in an operation's output where a map is expected: JSON writers put its text there as it is.
 * Only for answers that go out as JSON; callers within the cloud are given values.
 */
export class JsonText {
  /** Valid JSON, in the form the member has on the wire. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
