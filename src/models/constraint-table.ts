// The form of the generated constraint tables: what AWS's models demand of input beyond types.

/** Length bounds for strings, blobs, lists and maps; value bounds for numbers. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export interface TextConstraint extends Bounds {
  readonly kind: 'text';
  /** As AWS prints it. Java's dialect, matched against the whole value. */
  readonly pattern?: string;
  /** The pattern for JavaScript (flag `u`) where the printed one would not do. */
  readonly unicodePattern?: string;
  /** Try the pattern only on text within `max`: it would take too long on more. */
  readonly patternWithinMax?: true;
  /** In the order AWS prints them. */
  readonly values?: readonly string[];
  readonly sensitive?: true;
}

export interface NumberConstraint extends Bounds {
  readonly kind: 'number';
  /** Bounds print as doubles do in Java: `1.0`. */
  readonly double?: true;
}

export interface BlobConstraint extends Bounds {
  readonly kind: 'blob';
  readonly sensitive?: true;
}

export interface ListConstraint extends Bounds {
  readonly kind: 'list';
  /** Shape of the elements, where they are constrained. */
  readonly of?: string;
  readonly sensitive?: true;
}

export interface MapConstraint extends Bounds {
  readonly kind: 'map';
  readonly key?: string;
  readonly value?: string;
  readonly sensitive?: true;
}

export interface StructureConstraint {
  readonly kind: 'structure';
  readonly required?: readonly string[];
  /** Constrained members only, in the model's order: name → shape. */
  readonly members?: Readonly<Record<string, string>>;
}

export type ShapeConstraint =
  | TextConstraint
  | NumberConstraint
  | BlobConstraint
  | ListConstraint
  | MapConstraint
  | StructureConstraint;

/** One service's table. Shapes without any constraint in them are left out. */
export interface ConstraintTable {
  readonly service: string;
  /** Operation → shape of its input; operations whose input has no constraint are left out. */
  readonly operations: Readonly<Record<string, string>>;
  readonly shapes: Readonly<Record<string, ShapeConstraint>>;
  /** Lists and maps of scalars print `Member must not be null` last among their demands (Lambda). */
  readonly printsNotNull?: true;
  /** Operation → members that AWS prints under `OPERATIONInput.` (API Gateway's bodies). */
  readonly bodyMembers?: Readonly<Record<string, readonly string[]>>;
}
