"""The verifier that lies in every bundle as one HTML file; `assemble` puts it together from these parts."""
