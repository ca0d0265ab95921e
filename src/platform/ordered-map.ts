// An ordered map from encoded keys, a B+ tree, that can be viewed and forked in constant time.

/** `from <= key < to`, at most `limit` pairs; `reverse` walks down from `to`. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  readonly reverse: boolean;
}

/** The map as it was at one instant. */
export interface OrderedView<V> {
  readonly size: number;
  get(key: string): V | undefined;
  range(range: KeyRange): (readonly [key: string, value: V])[];
}

export interface OrderedMap<V> extends OrderedView<V> {
  set(key: string, value: V): void;
  delete(key: string): void;
  /** What is there now, whatever happens later. */
  view(): OrderedView<V>;
  /** An independent map with the same content. */
  fork(): OrderedMap<V>;
}

// Nodes carry the token of the map that may change them in place. Viewing or forking gives the map
// a new token: from then on it copies a node before the first change (path copying).
type Owner = symbol;

interface Leaf<V> {
  owner: Owner;
  readonly keys: string[];
  readonly values: V[];
  readonly children: undefined;
}

interface Branch<V> {
  owner: Owner;
  /** `keys[i]` separates child i-1 from child i; `keys[0]` means nothing. */
  readonly keys: string[];
  readonly children: Node<V>[];
}

type Node<V> = Leaf<V> | Branch<V>;

const MOST = 32;
const FEWEST = 8;

export function createOrderedMap<V>(): OrderedMap<V> {
  const owner = Symbol('owner');
  return mapOf<V>({ owner, keys: [], values: [], children: undefined }, 0);
}

function mapOf<V>(start: Node<V>, startSize: number): OrderedMap<V> {
  let root = start;
  let size = startSize;
  let owner: Owner = Symbol('owner');

  return {
    get size() {
      return size;
    },
    get: (key) => find(root, key),
    range: (range) => collectRange(root, range),
    set(key, value) {
      root = editable(root, owner);
      if (insert(root, key, value)) size += 1;
      if (root.keys.length <= MOST) return;
      const right = splitOff(root);
      root = { owner, keys: ['', right.low], children: [root, right.node] };
    },
    delete(key) {
      if (find(root, key) === undefined) return;
      root = editable(root, owner);
      remove(root, key);
      size -= 1;
      const only = root.children?.length === 1 ? root.children[0] : undefined;
      if (only !== undefined) root = only;
    },
    view() {
      owner = Symbol('owner');
      return viewOf(root, size);
    },
    fork() {
      owner = Symbol('owner');
      return mapOf(root, size);
    },
  };
}

function viewOf<V>(root: Node<V>, size: number): OrderedView<V> {
  return {
    size,
    get: (key) => find(root, key),
    range: (range) => collectRange(root, range),
  };
}

/** The first index whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the child under which `key` belongs. */
function childIndex(keys: readonly string[], key: string): number {
  let low = 1;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// The casts below say what the loops guarantee: the index lies within the node.

function childAt<V>(branch: Branch<V>, index: number): Node<V> {
  return branch.children[index] as Node<V>;
}

function find<V>(root: Node<V>, key: string): V | undefined {
  let node = root;
  while (node.children !== undefined) node = childAt(node, childIndex(node.keys, key));
  const at = lowerBound(node.keys, key);
  return node.keys[at] === key ? node.values[at] : undefined;
}

/** The node itself when `owner` may change it, else a copy of it that `owner` may change. */
function editable<V>(node: Node<V>, owner: Owner): Node<V> {
  if (node.owner === owner) return node;
  return node.children === undefined
    ? { owner, keys: node.keys.slice(), values: node.values.slice(), children: undefined }
    : { owner, keys: node.keys.slice(), children: node.children.slice() };
}

/** Whether the key is new. `node` is editable. */
function insert<V>(node: Node<V>, key: string, value: V): boolean {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    const isNew = node.keys[at] !== key;
    if (isNew) {
      node.keys.splice(at, 0, key);
      node.values.splice(at, 0, value);
    } else {
      node.values[at] = value;
    }
    return isNew;
  }
  const index = childIndex(node.keys, key);
  const child = editable(childAt(node, index), node.owner);
  node.children[index] = child;
  const isNew = insert(child, key, value);
  if (child.keys.length > MOST) addSplit(node, index);
  return isNew;
}

/** Splits the child at `index` in two. */
function addSplit<V>(branch: Branch<V>, index: number): void {
  const right = splitOff(childAt(branch, index));
  branch.keys.splice(index + 1, 0, right.low);
  branch.children.splice(index + 1, 0, right.node);
}

/** Cuts off the upper half of an editable node. */
function splitOff<V>(node: Node<V>): { low: string; node: Node<V> } {
  const half = node.keys.length >>> 1;
  const keys = node.keys.splice(half);
  const right: Node<V> =
    node.children === undefined
      ? { owner: node.owner, keys, values: node.values.splice(half), children: undefined }
      : { owner: node.owner, keys, children: node.children.splice(half) };
  return { low: keys[0] as string, node: right };
}

/** Removes a key that is there. `node` is editable. */
function remove<V>(node: Node<V>, key: string): void {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    node.keys.splice(at, 1);
    node.values.splice(at, 1);
    return;
  }
  const index = childIndex(node.keys, key);
  const child = editable(childAt(node, index), node.owner);
  node.children[index] = child;
  remove(child, key);
  if (child.keys.length < FEWEST && node.children.length > 1) merge(node, Math.max(0, index - 1));
}

/** Joins the children at `index` and `index + 1`, and splits the result if it is too large. */
function merge<V>(branch: Branch<V>, index: number): void {
  const left = editable(childAt(branch, index), branch.owner);
  const right = childAt(branch, index + 1);
  branch.children[index] = left;
  const [low] = branch.keys.splice(index + 1, 1);
  branch.children.splice(index + 1, 1);
  if (left.children === undefined || right.children === undefined) {
    left.keys.push(...right.keys);
    (left as Leaf<V>).values.push(...(right as Leaf<V>).values);
  } else {
    left.keys.push(low as string, ...right.keys.slice(1));
    left.children.push(...right.children);
  }
  if (left.keys.length > MOST) addSplit(branch, index);
}

function collectRange<V>(root: Node<V>, range: KeyRange): (readonly [string, V])[] {
  const found: (readonly [string, V])[] = [];
  if (range.limit > 0 && range.from < range.to) {
    if (range.reverse) collectDown(root, range, found);
    else collectUp(root, range, found);
  }
  return found;
}

/** Adds pairs in order; true when the walk is over. */
function collectUp<V>(node: Node<V>, range: KeyRange, found: (readonly [string, V])[]): boolean {
  if (node.children === undefined) {
    for (let at = lowerBound(node.keys, range.from); at < node.keys.length; at++) {
      const key = node.keys[at] as string;
      if (key >= range.to) return true;
      found.push([key, node.values[at] as V]);
      if (found.length === range.limit) return true;
    }
    return false;
  }
  for (let at = childIndex(node.keys, range.from); at < node.children.length; at++) {
    if (collectUp(childAt(node, at), range, found)) return true;
  }
  return false;
}

/** Adds pairs in descending order; true when the walk is over. */
function collectDown<V>(node: Node<V>, range: KeyRange, found: (readonly [string, V])[]): boolean {
  if (node.children === undefined) {
    for (let at = lowerBound(node.keys, range.to) - 1; at >= 0; at--) {
      const key = node.keys[at] as string;
      if (key < range.from) return true;
      found.push([key, node.values[at] as V]);
      if (found.length === range.limit) return true;
    }
    return false;
  }
  for (let at = childIndex(node.keys, range.to); at >= 0; at--) {
    if (collectDown(childAt(node, at), range, found)) return true;
  }
  return false;
}
