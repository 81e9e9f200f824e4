package partman.sidecar.model;

/** A piece of SQL that quotes itself; the only thing a statement's text can be put together from. */
public sealed interface Splice permits Identifier, Identifiers, QualifiedName, Literal, Definition {

    /** The piece as SQL text, quoted so that it can't be read as anything else. */
    String sql();
}
