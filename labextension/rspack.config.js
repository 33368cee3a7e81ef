// Named ids: without them one module id depends on where the checkout lies, and two builds of one source differ.
module.exports = {
  optimization: { moduleIds: 'named', chunkIds: 'named' },
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        type: 'javascript/auto',
        use: {
          loader: 'builtin:swc-loader',
          options: {
            jsc: {
              parser: { syntax: 'typescript', tsx: true },
              target: 'es2020',
              transform: { react: { runtime: 'classic' } }
            }
          }
        }
      }
    ]
  }
};
