// What builds one artifact of a project: the contract of all the ways there are.
import type { LocalArtifact } from '../../deploy/local-artifacts.ts';
import type { Archive } from './zip-folder.ts';

/** Builds one artifact again and again; a second build only redoes what changed. */
export interface ArtifactBuilder {
  readonly artifact: LocalArtifact;
  /** Absolute path of what it is built from. */
  readonly source: string;
  /** A compiler reads it; if not, mistakes in it show when it runs. */
  readonly isCompiled: boolean;
  /** Whether a change of this file asks for another build. */
  dependsOn(path: string): boolean;
  /** Folders that hold what the last build read. */
  folders(): readonly string[];
  build(): Promise<Archive>;
  dispose(): Promise<void>;
}
