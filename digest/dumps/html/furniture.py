"""What of an article's markup is no part of its text: hidden parts, buttons, share bars, links to the rest."""

import re

from digest.dumps.html.tree import Element, names

_ELEMENTS = names(
    "script style template noscript head iframe object embed applet svg canvas video audio map nav button select"
    " textarea datalist option optgroup frameset noframes progress meter dialog portal rp link meta title"
)
_HIDDEN_STYLE = re.compile(r"(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden)", re.IGNORECASE)
_LONGEST = 2000  # characters of an attribute that are looked at
_CLASSES = names(  # For screen readers, or hidden
    "screen-reader-text sr-only visually-hidden visuallyhidden hidden d-none mjx_assistive_mathml"
    # Share bars and reactions
    " sharedaddy sd-sharing sd-sharing-enabled addtoany_share_save_container addtoany_content a2a_kit addthis_toolbox"
    " addthis_inline_share_toolbox bdsharebuttonbox bdshare social-share social-sharing social-buttons social-icons"
    " share-buttons share-button share-links share-bar share-icons share-this post-share post-sharing entry-share"
    " article-share sharethis-inline-share-buttons essb_links heateor_sss_sharing_container ssba twitter-share-button"
    " fb-like fb-share-button fb-save wp-block-jetpack-sharing-buttons jp-relatedposts related-posts yarpp-related"
    " crp_related post-ufi-button like-button reward reward-container post-reward donate-button"
    # Subscription and navigation
    " subscription-widget subscription-widget-wrap subscription-widget-wrap-editor subscribe-widget button-wrapper"
    " captioned-button-wrap paywall-jump post-navigation post-nav pagination edit-link mw-editsection post-edit-link"
    # Links to the whole article
    " more-link read-more readmore read-more-link post-more-link continue-reading-link post-button continue-reading"
    # Parts of code
    " copy-btn copy-button copy-code-button btn-copy copy-code btn-clipboard clipboard-button code-copy"
    " line-numbers-rows zeroclipboard-container code-toolbar-item toolbar"
    # Anchors
    " headerlink header-anchor heading-anchor anchorjs-link anchor-link footnote-backref reversefootnote"
    " footnote-back-ref"
)


def classes_of(element: Element) -> frozenset[str]:
    """The classes of an element, as written."""
    given = element.get("class")
    return frozenset(given[:_LONGEST].split()) if given else frozenset()


def is_furniture(element: Element, classes: frozenset[str]) -> bool:
    """Whether an element and all that is in it are no text of the article."""
    if element.tag in _ELEMENTS:
        return True
    if classes and any(name.lower() in _CLASSES for name in classes):
        return True
    if element.get("hidden") is not None or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = element.get("style")
    return bool(style) and _HIDDEN_STYLE.search(style[:_LONGEST]) is not None
