import { graphql } from 'relay-runtime';
graphql`query RelayClientQuery($id: ID!) { node(id: $id) { id ... on Job { status version progress { percentage } } } }`;
graphql`subscription RelayClientSubscription($id: ID!) { jobUpdated(id: $id) { id status version progress { percentage } } }`;
