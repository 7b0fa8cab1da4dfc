/** A line of a plot. */
export interface Series {
  readonly name: string;
  readonly color: string;
  readonly isDashed: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a plot shows; both axes are logarithmic. */
export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 420;
/** Space around the plot, for the labels. */
const MARGIN = { left: 70, right: 190, top: 50, bottom: 60 };

type Scale = (value: number) => number;

/** Draws lines over two logarithmic axes as an SVG image. */
export function drawPlot({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((line) => line.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const x = logScale(xs, left, right);
  const y = logScale([1, ...ys], bottom, top);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="13">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(left, 28, title, { 'font-weight': 'bold', 'font-size': '15' }),
    ...decades([1, ...ys]).flatMap((tick) => [
      `<line x1="${left}" y1="${y(tick)}" x2="${right}" y2="${y(tick)}" stroke="#ddd"/>`,
      text(left - 8, y(tick) + 4, tick.toLocaleString('en'), { 'text-anchor': 'end' }),
    ]),
    ...[...new Set(xs)].flatMap((tick) => [
      `<line x1="${x(tick)}" y1="${bottom}" x2="${x(tick)}" y2="${bottom + 5}" stroke="#333"/>`,
      text(x(tick), bottom + 20, tick.toLocaleString('en'), { 'text-anchor': 'middle' }),
    ]),
    `<line x1="${left}" y1="${bottom}" x2="${right}" y2="${bottom}" stroke="#333"/>`,
    text((left + right) / 2, HEIGHT - 14, xLabel, { 'text-anchor': 'middle' }),
    text(0, 0, yLabel, {
      'text-anchor': 'middle',
      transform: `translate(18 ${(top + bottom) / 2}) rotate(-90)`,
    }),
    ...series.flatMap((line) => drawSeries(line, x, y)),
    ...placeLabels(series, y).map(([line, at]) => text(right + 10, at + 4, line.name, { fill: line.color })),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function drawSeries({ color, isDashed, points }: Series, x: Scale, y: Scale): string[] {
  const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ');
  const dash = isDashed ? ' stroke-dasharray="6 4"' : '';
  return [
    `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`,
    ...points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="3.5" fill="${color}"/>`),
  ];
}

/** Places each line's name beside its end, and moves apart those that would overlap. */
function placeLabels(series: readonly Series[], y: Scale): [series: Series, at: number][] {
  const placed = series
    .map((line): [Series, number] => [line, y(line.points.at(-1)?.[1] ?? 1)])
    .toSorted(([, a], [, b]) => a - b);
  for (const [index, label] of placed.entries()) {
    const above = placed[index - 1];
    if (above !== undefined) label[1] = Math.max(label[1], above[1] + 17);
  }
  return placed;
}

/** Maps the powers of ten around the values to a range of pixels. */
function logScale(values: readonly number[], from: number, to: number): Scale {
  const ticks = decades(values).map(Math.log10);
  const [min, max] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  return (value) => round(from + ((Math.log10(value) - min) / (max - min || 1)) * (to - from));
}

/** Returns the powers of ten from below the smallest value to above the largest. */
function decades(values: readonly number[]): number[] {
  const logs = values.map(Math.log10);
  const [min, max] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  return Array.from({ length: max - min + 1 }, (_, index) => 10 ** (min + index));
}

function text(x: number, y: number, content: string, attributes: Readonly<Record<string, string>>): string {
  const more = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${x}" y="${y}"${more.join('')}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
