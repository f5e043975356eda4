FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing here needs a script to install. The Node that comes with the packages is the image's own.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:26-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DATA_DIRECTORY=/data \
    DATABASE_URL=sqlite:/data/whisper.sqlite
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json knexfile.js ./
COPY migrations migrations
COPY examples examples
COPY src src
COPY worker worker
COPY perf perf
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://localhost:' + (process.env.PORT || 4000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without npm between, so that SIGTERM arrives.
CMD ["node", "src/main.ts"]
