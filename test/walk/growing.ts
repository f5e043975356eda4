/** Statements whose work may grow with rows that the operation does not return, and why. */
export const growing: readonly { statement: RegExp; reason: string }[] = [
  {
    statement:
      /^select (count\(\*\) as [`"]count[`"]|.*\(select count\(\*\) from .*\) as [`"]count[`"]) from/,
    reason: 'totalCount counts rows on all pages; it is sent only when it is asked for.',
  },
  {
    statement: /GROUP BY user_id HAVING sum\(created\)/,
    reason:
      'The busiest users are found among all who uploaded something in the period, day by day.',
  },
  {
    statement: /GROUP BY (1, 2, 3|event_type)/,
    reason:
      "Figures of a user's transcripts, and of security events, are over all rows of their period.",
  },
  {
    statement: /searched_words\(/,
    reason:
      'PostgreSQL finds matches by stretches of the table, as long as those before let expect: some have more than are asked for.',
  },
  {
    statement: /^select [`"]page[`"].[`"]job_id[`"], [`"]page[`"].[`"]position[`"]/,
    reason: 'Job.transcript is made of all segments of the job.',
  },
];

export const mayGrow = (sql: string): boolean =>
  growing.some(({ statement }) => statement.test(sql));
