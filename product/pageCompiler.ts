/**
 * The compiler of the server's pages (JSP): Eclipse's compiler for Java, packed into the bundle of jasper. The one of 1.9.0
 * is of 2012 and can't read the classes of JDK 8: the console is an empty page, and log-in pages answer 500.
 */
export const pageCompiler = {
  /** Symbolic name of the bundle that contains it. */
  bundle: "org.apache.jasper.glassfish",
  /** Where the compiler is in that bundle, and in its own jar. */
  directory: "org/eclipse/jdt/",
  /** A class of every version of the compiler. */
  classFile: "org/eclipse/jdt/internal/compiler/Compiler.class",
  /** A class of the versions that can read the classes of JDK 8. */
  newClassFile: "org/eclipse/jdt/internal/compiler/ast/LambdaExpression.class",
  /** The version on Maven that replaces an old one; tried on 1.9.0. */
  replacement: {
    group: "org.eclipse.jdt.core.compiler",
    artifact: "ecj",
    version: "4.6.1",
    /** SHA-256 of the jar. */
    checksum: "9cddda75f4a1b4469e73f44e7b61a3e897d0f657df4797f9106ffe88c4eeade0",
  },
} as const;
