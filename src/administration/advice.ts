/** How much it matters. */
export const adviceLevels = ['info', 'warning', 'critical'] as const;

export type AdviceLevel = (typeof adviceLevels)[number];
