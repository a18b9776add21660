"""Questions as a package of IMS QTI 2.1: a test, its items and a manifest, in one zip file.

1EdTech (2012), Question and Test Interoperability 2.1, https://www.imsglobal.org/question/index.html.
"""

import io
import zipfile
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from course.classroom.quiz.page import LETTERS, table_html, words
from course.classroom.quiz.questions import Question

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
WHERE = {
    QTI: f"{QTI} http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1p1.xsd",
    PACKAGE: f"{PACKAGE} http://www.imsglobal.org/xsd/qti/qtiv2p1/qtiv2p1_imscpv1p2_v1p0.xsd",
}
NOW = (2020, 1, 1, 0, 0, 0)  # of the files in a zip: the same seed, the same bytes


def package(name: str, title: str, questions: Sequence[Question]) -> bytes:
    """A zip file that a learning platform imports."""
    items = {f"item_{question.name}_{question.seed}": _item(question) for question in questions}
    files = {f"{identifier}.xml": item for identifier, item in items.items()}
    files["assessment.xml"] = _test(name, title, list(items))
    files["imsmanifest.xml"] = _manifest(name, list(items))

    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, NOW), _bytes(files[path]))
    return zipped.getvalue()


def _root(space: str, tag: str, **attributes: str) -> ET.Element:
    root = ET.Element(tag, {"xmlns": space, "xmlns:xsi": SCHEMA, "xsi:schemaLocation": WHERE[space]})
    for attribute, value in attributes.items():
        root.set(attribute, value)
    return root


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _into(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text or None
    return child


def _html_into(parent: ET.Element, tag: str, html: str, **attributes: str) -> ET.Element:
    """An element whose inside is HTML."""
    child = ET.fromstring(f"<{tag}>{html}</{tag}>")
    for attribute, value in attributes.items():
        child.set(attribute, value)
    parent.append(child)
    return child


def _item(question: Question) -> ET.Element:
    root = _root(
        QTI,
        "assessmentItem",
        identifier=f"item_{question.name}_{question.seed}",
        title=f"{question.name} {question.seed}",
        adaptive="false",
        timeDependent="false",
    )
    answer = _into(
        root, "responseDeclaration", identifier="RESPONSE", cardinality="single", baseType="identifier"
    )
    _into(_into(answer, "correctResponse"), "value", LETTERS[question.right])
    score = _into(root, "outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float")
    _into(_into(score, "defaultValue"), "value", "0")
    _into(root, "outcomeDeclaration", identifier="FEEDBACK", cardinality="single", baseType="identifier")

    body = _into(root, "itemBody")
    _html_into(body, "p", words(question.text))
    if question.rows:
        body.append(ET.fromstring(table_html(question.rows)))
    asked = _into(body, "choiceInteraction", responseIdentifier="RESPONSE", shuffle="false", maxChoices="1")
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        _html_into(asked, "simpleChoice", words(choice.text), identifier=letter)

    _processing(root)
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        _html_into(
            root,
            "modalFeedback",
            f"<p>{words(choice.feedback)}</p>",
            outcomeIdentifier="FEEDBACK",
            identifier=letter,
            showHide="show",
        )
    return root


def _processing(root: ET.Element) -> None:
    """One point for the right choice; the feedback is that of the choice."""
    processing = _into(root, "responseProcessing")
    condition = _into(processing, "responseCondition")
    right = _into(condition, "responseIf")
    match = _into(right, "match")
    _into(match, "variable", identifier="RESPONSE")
    _into(match, "correct", identifier="RESPONSE")
    _into(_into(right, "setOutcomeValue", identifier="SCORE"), "baseValue", "1", baseType="float")

    said = _into(processing, "setOutcomeValue", identifier="FEEDBACK")
    _into(said, "variable", identifier="RESPONSE")


def _test(name: str, title: str, items: Sequence[str]) -> ET.Element:
    root = _root(QTI, "assessmentTest", identifier=f"test_{name}", title=title)
    part = _into(root, "testPart", identifier="part", navigationMode="nonlinear", submissionMode="individual")
    section = _into(part, "assessmentSection", identifier="section", title=title, visible="true")
    for item in items:
        _into(section, "assessmentItemRef", identifier=item, href=f"{item}.xml")
    return root


def _manifest(name: str, items: Sequence[str]) -> ET.Element:
    root = _root(PACKAGE, "manifest", identifier=f"manifest_{name}")
    about = _into(root, "metadata")
    _into(about, "schema", "QTIv2.1 Package")
    _into(about, "schemaversion", "1.0.0")
    _into(root, "organizations")

    resources = _into(root, "resources")
    test = _into(
        resources, "resource", identifier=f"test_{name}", type="imsqti_test_xmlv2p1", href="assessment.xml"
    )
    _into(test, "file", href="assessment.xml")
    for item in items:
        _into(test, "dependency", identifierref=item)
    for item in items:
        one = _into(resources, "resource", identifier=item, type="imsqti_item_xmlv2p1", href=f"{item}.xml")
        _into(one, "file", href=f"{item}.xml")
    return root
