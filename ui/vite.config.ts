import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// File names without a hash: the built files are committed, and Airflow serves them with "no-cache" and an ETag.
export default defineConfig({
  base: "./",
  plugins: [react()],
  publicDir: "public",
  build: {
    outDir: "../airflow_provider_viapi/plugins/static",
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    rollupOptions: {
      output: {
        entryFileNames: "app.js",
        chunkFileNames: "[name].js",
        assetFileNames: "app[extname]",
      },
    },
  },
});
