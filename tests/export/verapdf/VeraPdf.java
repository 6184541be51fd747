import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.ErrorArgument;
import org.verapdf.pdfa.validation.profiles.ErrorDetails;
import org.verapdf.pdfa.validation.profiles.ProfileDetails;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.Rule;
import org.verapdf.pdfa.validation.profiles.RuleId;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;
import org.verapdf.pdfa.validation.profiles.Variable;
import org.verapdf.pdfa.validation.validators.ValidatorFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Judges files by veraPDF and its own rules for PDF/A-3b: for each path a line "PASS|FAIL, rules, checks, path"
 * and one line for every rule that a file breaks.
 *
 * <p>The profile is read here by DOM: veraPDF reads it by JAXB, of which the jar holds the interfaces only.
 */
public class VeraPdf {
    private static final String PROFILE = "/org/verapdf/pdfa/validation/PDFA-3B.xml";
    private static final PDFAFlavour FLAVOUR = PDFAFlavour.PDFA_3_B;

    public static void main(String[] paths) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        ValidationProfile profile = profile();
        for (String path : paths) {
            try (PDFAParser parser = Foundries.defaultInstance().createParser(Path.of(path).toFile(), FLAVOUR);
                    PDFAValidator validator = ValidatorFactory.createValidator(profile, false)) {
                ValidationResult result = validator.validate(parser);
                String verdict = result.isCompliant() ? "PASS" : "FAIL";
                System.out.println(
                        verdict + "\t" + profile.getRules().size() + "\t" + result.getTotalAssertions() + "\t" + path);
                for (TestAssertion broken : result.getTestAssertions()) {
                    RuleId rule = broken.getRuleId();
                    System.out.println(
                            "\t" + rule.getClause() + "-" + rule.getTestNumber() + " " + broken.getMessage() + " @ "
                                    + broken.getLocation().getContext());
                }
            }
        }
    }

    private static ValidationProfile profile() throws Exception {
        Document read;
        try (InputStream stream = Profiles.class.getResourceAsStream(PROFILE)) {
            read = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(stream);
        }
        Set<Rule> rules = new LinkedHashSet<>();
        for (Element rule : all(read.getDocumentElement(), "rule")) {
            rules.add(rule(rule));
        }
        Set<Variable> variables = new LinkedHashSet<>();
        for (Element one : all(read.getDocumentElement(), "variable")) {
            variables.add(Profiles.variableFromValues(
                    one.getAttribute("name"), one.getAttribute("object"), text(one, "defaultValue"), text(one, "value")));
        }
        ProfileDetails details = Profiles.profileDetailsFromValues("PDF/A-3b", "", "veraPDF Consortium", new Date(0));
        return Profiles.profileFromValues(FLAVOUR, details, "", rules, variables);
    }

    private static Rule rule(Element rule) {
        Element id = all(rule, "id").get(0);
        RuleId name = Profiles.ruleIdFromValues(
                PDFAFlavour.Specification.ISO_19005_3,
                id.getAttribute("clause"),
                Integer.parseInt(id.getAttribute("testNumber")));
        ErrorDetails error = Profiles.errorFromValues(text(rule, "message"), new ArrayList<ErrorArgument>());
        Boolean deferred = rule.getAttribute("deferred").equals("true");
        String object = rule.getAttribute("object");
        String tags = rule.getAttribute("tags");
        String says = text(rule, "description");
        return Profiles.ruleFromValues(name, object, deferred, tags, says, text(rule, "test"), error, new ArrayList<>());
    }

    private static String text(Element within, String tag) {
        return all(within, tag).get(0).getTextContent();
    }

    private static List<Element> all(Element within, String tag) {
        NodeList found = within.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }
}
