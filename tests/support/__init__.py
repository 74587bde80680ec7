# SPDX-License-Identifier: Apache-2.0
"""What several folders of tests share: fakes, servers, random configs, target roots."""
