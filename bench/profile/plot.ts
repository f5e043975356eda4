import type { Share } from './shares.ts';

const WIDTH = 640;
const colors = ['#0b6e4f', '#3d8b6e', '#6fa88d', '#9db4c0', '#c2d3cd', '#e0c58f', '#d9a05b'];

/** One bar, cut into the shares. */
export function plotOfShares(title: string, shares: readonly Share[]): string {
  let x = 20;
  const pieces = shares.map(({ part, share }, index) => {
    const width = share * WIDTH;
    const color = colors[index % colors.length];
    const piece = `<rect x="${x.toFixed(1)}" y="44" width="${width.toFixed(1)}" height="40" fill="${color}"/>
<rect x="20" y="${104 + index * 20}" width="12" height="12" fill="${color}"/>
<text x="40" y="${115 + index * 20}">${part}: ${(share * 100).toFixed(1)} %</text>`;
    x += width;
    return piece;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + 40} ${120 + shares.length * 20}" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="20" y="28" font-size="16" font-weight="bold">${title}</text>
${pieces.join('\n')}
</svg>
`;
}
