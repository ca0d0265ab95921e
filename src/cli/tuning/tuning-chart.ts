// Draws duration and cost by memory size as an SVG picture.
import type { MemoryResult } from './evaluation.ts';

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 80;
const RIGHT = WIDTH - 90;
const TOP = 60;
const BOTTOM = HEIGHT - 60;
const DURATION_COLOR = '#2563eb';
const COST_COLOR = '#d97706';
const TICKS = 5;

interface Axis {
  readonly max: number;
  readonly step: number;
}

export function drawTuningChart(title: string, results: readonly MemoryResult[]): string {
  const memories = results.map((result) => result.memoryMb);
  // Logarithmic: sizes are doublings, more or less.
  const low = Math.log(Math.min(...memories));
  const span = Math.log(Math.max(...memories)) - low;
  const x = (memoryMb: number): number =>
    span === 0 ? (LEFT + RIGHT) / 2 : LEFT + ((Math.log(memoryMb) - low) / span) * (RIGHT - LEFT);
  const durations = axisOf(results.map((result) => result.p50Ms));
  const costs = axisOf(results.map((result) => result.usdPerMillion));
  const curve = (axis: Axis, color: string, value: (result: MemoryResult) => number): string => {
    const points = results.map((result) => [x(result.memoryMb), heightOf(axis, value(result))] as const);
    const line = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
    const dots = points.map(([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="4" fill="${color}"/>`);
    return `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2.5"/>${dots.join('')}`;
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text({ at: [WIDTH / 2, 28], content: title, size: 16 }),
    ...gridLines(durations),
    ...labels(durations, { at: LEFT - 10, anchor: 'end', color: DURATION_COLOR, unit: (value) => `${value} ms` }),
    ...labels(costs, { at: RIGHT + 10, anchor: 'start', color: COST_COLOR, unit: (value) => `$${value}` }),
    ...memories.map((memoryMb) => text({ at: [x(memoryMb), BOTTOM + 20], content: String(memoryMb) })),
    text({ at: [(LEFT + RIGHT) / 2, BOTTOM + 42], content: 'memory, MB' }),
    text({ at: [LEFT, TOP - 14], content: 'duration (p50)', color: DURATION_COLOR }),
    text({ at: [RIGHT, TOP - 14], content: 'USD per million', color: COST_COLOR }),
    curve(costs, COST_COLOR, (result) => result.usdPerMillion),
    curve(durations, DURATION_COLOR, (result) => result.p50Ms),
    '</svg>\n',
  ].join('\n');
}

/** From zero to a round number above the largest value. */
function axisOf(values: readonly number[]): Axis {
  const max = Math.max(...values, Number.MIN_VALUE);
  const rough = max / TICKS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude;
  return { step, max: Math.ceil(max / step) * step };
}

function ticksOf({ max, step }: Axis): number[] {
  return Array.from({ length: Math.round(max / step) + 1 }, (_, i) => i * step);
}

function heightOf({ max }: Axis, value: number): number {
  return BOTTOM - (value / max) * (BOTTOM - TOP);
}

function gridLines(axis: Axis): string[] {
  return ticksOf(axis).map((value) => {
    const y = heightOf(axis, value).toFixed(1);
    return `<line x1="${LEFT}" y1="${y}" x2="${RIGHT}" y2="${y}" stroke="#e5e7eb"/>`;
  });
}

interface Labels {
  readonly at: number;
  readonly anchor: 'start' | 'end';
  readonly color: string;
  readonly unit: (value: string) => string;
}

function labels(axis: Axis, { at, anchor, color, unit }: Labels): string[] {
  return ticksOf(axis).map((value) => {
    const content = unit(String(Number(value.toPrecision(4))));
    return text({ at: [at, heightOf(axis, value) + 4], content, color, anchor });
  });
}

interface Text {
  readonly at: readonly [number, number];
  readonly content: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly color?: string;
  readonly size?: number;
}

function text({ at: [x, y], content, anchor = 'middle', color = '#374151', size }: Text): string {
  const fontSize = size === undefined ? '' : ` font-size="${size}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}"${fontSize}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
