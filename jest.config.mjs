/** Every project of the workspace in one run; `npm test` starts it. */
export default {
  projects: ['<rootDir>/libs/*', '<rootDir>/apps/*', '<rootDir>/apps/channel-gateway/jest.replicas.config.mjs'],
};
