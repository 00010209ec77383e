/** Every project of the workspace in one run; `npm test` starts it. */
export default { projects: ['<rootDir>/libs/*', '<rootDir>/apps/*'] };
