import { builder } from './builder.ts';

export const PerformanceWindow = builder.enumType('PerformanceWindow', {
  description:
    'How far back figures are added up. What is older stands in coarser steps, and a step that reaches into the window counts whole.',
  values: {
    MINUTE: { value: 'minute', description: 'The last minute, and what was counted with it.' },
    HOUR: { value: 'hour', description: 'The last hour, in steps of a minute.' },
    DAY: { value: 'day', description: 'The last 24 hours, in steps of up to ten minutes.' },
    WEEK: { value: 'week', description: 'The last seven days, in steps of up to an hour.' },
    THIRTY_DAYS: { value: 'month', description: 'The last 30 days, in steps of up to a day.' },
  } as const,
});

/** Which figures; the defaults are those of the page that one looks at first. */
export const windowArgument = builder.args((t) => ({
  window: t.field({
    type: PerformanceWindow,
    description: 'How far back; the last hour if not given.',
  }),
}));
